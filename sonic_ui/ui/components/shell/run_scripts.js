// Runs scripts of components, which the page holds once: those of one call see each other's definitions.
const PARAMETERS = ['element', 'trigger', 'props', 'server', 'upload', 'watch'];
const compiled = {};
window.suRun = (names, ...values) => {
  const key = names.join('+');
  compiled[key] ??= Function(...PARAMETERS, names.map(name => window.suScripts[name]).join('\n'));
  compiled[key](...values);
};
