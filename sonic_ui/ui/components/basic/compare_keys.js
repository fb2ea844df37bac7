// Gradio's slider between two pictures, `props.view`, can only be dragged. This gives its handle a name, a place in the
// order of the Tab key, and arrow keys that drag it.
const view = () => document.getElementById(props.view);
const STEP = 0.05;
const handleOf = () => view()?.querySelector('[data-testid="slider"]');
const shareOf = handle => {
  const box = handle.parentElement.getBoundingClientRect();
  const middle = handle.querySelector('.inner').getBoundingClientRect();
  return box.width ? (middle.left + middle.width / 2 - box.left) / box.width : 0.5;
};
const tellShare = handle => {
  const percent = Math.round(100 * shareOf(handle));
  handle.setAttribute('aria-valuenow', percent);
  handle.setAttribute('aria-valuetext', percent + ' percent of the picture before, the rest after');
};
const nameHandle = () => {
  const handle = handleOf();
  if (!handle || handle.getAttribute('role') === 'slider') return;
  Object.entries({ role: 'slider', tabindex: '0', 'aria-label': 'Before and after', 'aria-valuemin': '0', 'aria-valuemax': '100' })
    .forEach(([name, value]) => handle.setAttribute(name, value));
  tellShare(handle);
};
const drag = (handle, share) => {
  const box = handle.parentElement.getBoundingClientRect();
  const inner = handle.querySelector('.inner').getBoundingClientRect();
  const at = { bubbles: true, cancelable: true, view: window, button: 0, clientY: inner.top + 2 };
  const from = inner.left + inner.width / 2, to = box.left + Math.min(1, Math.max(0, share)) * box.width;
  handle.dispatchEvent(new MouseEvent('mousedown', { ...at, clientX: from }));
  window.dispatchEvent(new MouseEvent('mousemove', { ...at, clientX: to }));
  window.dispatchEvent(new MouseEvent('mouseup', { ...at, clientX: to }));
  requestAnimationFrame(() => tellShare(handle));
};
document.addEventListener('keydown', event => {
  const handle = handleOf();
  if (!handle || event.target !== handle) return;
  const share = { ArrowLeft: shareOf(handle) - STEP, ArrowRight: shareOf(handle) + STEP, Home: 0, End: 1 }[event.key];
  if (share === undefined) return;
  event.preventDefault();
  drag(handle, share);
});
document.addEventListener('mouseup', () => { if (handleOf()) tellShare(handleOf()); });
new MutationObserver(nameHandle).observe(element.closest('.su-edit-place') || document.body, { childList: true, subtree: true });
nameHandle();
