// Name and engine: {state: "waiting" | "loading" | "ready" | "failed", text}. The button opens the panel of engines,
// where there is one.
const draw = () => {
  const value = props.value || {};
  element.querySelector('.su-engine').dataset.state = value.state || 'waiting';
  element.querySelector('.su-engine-text').textContent = value.text || '';
};
const change = element.querySelector('.su-engine-change');
change.hidden = !props.button;
change.textContent = props.button || '';
change.addEventListener('click', () => {
  const panel = document.getElementById('su-engines');
  const open = change.getAttribute('aria-expanded') !== 'true';
  change.setAttribute('aria-expanded', String(open));
  panel.dataset.open = String(open);
  const first = panel.querySelector('input:checked') || panel.querySelector('input');
  if (open && first) first.focus();
});
watch('value', draw);
draw();
