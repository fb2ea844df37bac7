// A sentence in place: {kind: "error" | "note" | "aside" | "", text}. An error is announced at once, a note when convenient.
const draw = () => {
  const value = props.value || {};
  const box = element.querySelector('.su-message');
  const text = value.text || '';
  box.hidden = !text;
  box.dataset.kind = value.kind || '';
  element.setAttribute('role', value.kind === 'error' ? 'alert' : 'status');
  box.querySelector('p').textContent = text;
};
watch('value', draw);
draw();
