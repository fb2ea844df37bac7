// Beside Gradio's upload of sounds with the id `audio`. Gradio lets only MIME types audio/* through, which browsers do
// not give to films, CAF, W64 and others: here every file reaches Python, whose reader goes by what a file holds and
// says what is wrong. A file that the browser cannot play: 'unplayable' {number} asks for what was decoded of it, and
// the value {number, file: {url} | null, words} answers; the player plays that, and the words stand below.
const box = element.querySelector('.su-message');
const uploadOf = node => node instanceof Element ? node.closest(`#${props.audio}`) : null;
const asSound = file => file.type.startsWith('audio/') ? file : new File([file], file.name, { type: 'audio/x-any' });
let number = 0;             // of the newest question
let failed = null;          // the player that could not play
let sources = [];           // what it was given: the file, then what was decoded

const say = words => {
  box.hidden = !words;
  box.querySelector('p').textContent = words;
};
const changed = new MutationObserver(() => {
  if (failed && failed.isConnected && sources.includes(failed.getAttribute('src'))) return;
  changed.disconnect();
  failed = null;
  sources = [];
  number += 1;
  say('');
});

document.addEventListener('click', event => {
  const input = uploadOf(event.target)?.querySelector('input[type=file]');
  if (input) input.accept = props.accept.join(',');
}, true);
document.addEventListener('change', event => {
  const input = event.target;
  if (!uploadOf(input) || input.type !== 'file') return;
  const files = new DataTransfer();
  for (const file of input.files) files.items.add(asSound(file));
  input.files = files.files;
}, true);
document.addEventListener('drop', event => {
  if (!uploadOf(event.target) || !event.dataTransfer) return;
  Object.defineProperty(event.dataTransfer, 'files', { value: Array.from(event.dataTransfer.files, asSound) });
}, true);
document.addEventListener('error', event => {
  const upload = uploadOf(event.target), source = event.target.getAttribute?.('src');
  if (!upload || !(event.target instanceof HTMLMediaElement) || !source || sources.includes(source)) return;
  failed = event.target;
  sources = [source];
  number += 1;
  changed.observe(upload, { subtree: true, childList: true, attributes: true, attributeFilter: ['src'] });
  trigger('unplayable', { number });
}, true);

watch('value', () => {
  const value = props.value || {};
  if (!failed || value.number !== number || !value.file) return;
  sources.push(value.file.url);
  failed.src = value.file.url;
  say(value.words);
});
