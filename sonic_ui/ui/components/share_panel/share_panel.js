// The settings of a result for others, under the result. The value is one of
//   {kind: "link", number, query, words}      the end of an address, and what it brings
//   {kind: "python", number, code, words}     code in which @ADDRESS@ stands for this page's address
//   {kind: "note" | "error", number, words}   a sentence alone
//   {kind: "arrived", number, link}           the page was opened with a link for this tab
// Asks Python: 'restore' {link} once it stands and a link has arrived, so that nothing which is still being made
// overwrites what the link brings.
const find = selector => element.querySelector(selector);
const box = find('.su-share'), field = find('.su-share-link'), code = find('.su-share-code');
let opened = null;

const here = () => window.location.origin + window.location.pathname;
const text = () => (code.hidden ? field.value : code.textContent);

const select = () => {
  if (!code.hidden) { window.getSelection().selectAllChildren(code); return; }
  field.focus({ preventScroll: true });
  field.select();
};

// Browsers let a page write to the clipboard only where it is served safely, and soon after a click.
const copy = async () => {
  let done = false;
  try { await navigator.clipboard.writeText(text()); done = true; } catch { select(); done = document.execCommand('copy'); }
  find('.su-share-copy').textContent = done ? 'Copied' : 'Copy';
  return done;
};

const draw = () => {
  const value = props.value || {};
  if (value.kind === 'arrived') {
    if (value.number !== opened) { opened = value.number; trigger('restore', { link: value.link }); }
    return;
  }
  const link = value.kind === 'link', python = value.kind === 'python';
  box.hidden = !value.kind;
  box.dataset.kind = value.kind || '';
  field.hidden = !link;
  code.hidden = !python;
  find('.su-share-copy').hidden = !link && !python;
  find('.su-share-copy').textContent = 'Copy';
  if (link) field.value = here() + value.query;
  if (python) code.firstElementChild.textContent = value.code.replaceAll('@ADDRESS@', here());
  find('.su-share-words').textContent = value.words || '';
  if (link || python) copy();
};

find('.su-share-copy').addEventListener('click', copy);
find('.su-share-close').addEventListener('click', () => { box.hidden = true; });
watch('value', draw);
draw();
