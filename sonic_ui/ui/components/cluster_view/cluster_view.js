// Numbers of a cluster: {summary, engines: rows, verbs: rows}, each row a list of texts. While the panel around it is
// open, new ones are asked for every few seconds.
const EVERY_MS = 3000;
const fill = (name, rows) => {
  const body = element.querySelector(name);
  body.replaceChildren(...rows.map((row) => {
    const line = document.createElement('tr');
    line.append(...row.map((text, index) => {
      const cell = document.createElement(index ? 'td' : 'th');
      cell.textContent = text;
      return cell;
    }));
    return line;
  }));
  body.closest('table').hidden = !rows.length;
};
const draw = () => {
  const value = props.value || {};
  element.querySelector('.su-cluster-summary').textContent = value.summary || 'Asking the engines …';
  fill('.su-cluster-engines', value.engines || []);
  fill('.su-cluster-verbs', value.verbs || []);
};
const isOpen = () => element.isConnected && element.offsetParent !== null && !document.hidden;
const panel = element.closest('#su-engines');
if (panel) {
  new MutationObserver(() => { if (isOpen()) trigger('refresh', {}); })
    .observe(panel, { attributes: true, attributeFilter: ['data-open'] });
}
const timer = setInterval(() => {
  if (!element.isConnected) clearInterval(timer);
  else if (isOpen()) trigger('refresh', {});
}, EVERY_MS);
watch('value', draw);
draw();
