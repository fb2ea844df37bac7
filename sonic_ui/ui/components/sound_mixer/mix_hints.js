// Tells the mixer of a tab what was read of its sounds: the value, as `hints_value` makes it. Where settings with several sounds
// come back, the fold that holds the mixer is opened: nothing counts that nobody sees.
let had = false;           // whether there were several: who closes the fold then, wants it closed
const tell = () => {
  const value = props.value || {}, several = (value.rows || []).slice(1).some(Boolean);
  const button = element.closest('.su-panel')?.querySelector('.su-mix-fold .su-fold-button');
  if (several && !had && button?.getAttribute('aria-expanded') === 'false') button.click();
  had = several;
  document.dispatchEvent(new CustomEvent('su-mix-hints', { detail: { tab: props.tab, ...value } }));
};
document.addEventListener('su-mix-hints-wanted', event => { if (event.detail.tab === props.tab) tell(); });
watch('value', tell);
tell();
