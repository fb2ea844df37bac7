// Keys of the whole page and their sheet, and what the tabs of Gradio lack: one stop for the Tab key, arrows, names.
// props.terms: {label: the exact term, shown as its tooltip}.
const STORED = 'sonic-ui-keys';
const tabs = () => [...document.querySelectorAll('#su-tabs > .tab-wrapper [role="tab"]')];
const panel = () => document.getElementById(tabs().find(tab => tab.getAttribute('aria-selected') === 'true')?.getAttribute('aria-controls'));
const sheet = element.querySelector('.su-keys');
const use = sheet.querySelector('input');
const press = selector => {
  const button = [...(panel()?.querySelectorAll(selector) || [])].find(one => one.offsetParent && !one.disabled);
  button?.click();
  return Boolean(button);
};
const KEYS = {
  g: ['G', 'Generate', () => press('.su-generate')],
  escape: ['Esc', 'Cancel what is being made', () => press('.su-cancel')],
  ' ': ['Space', 'Play or pause the sound', () => press('.su-result :is([aria-label="Play"], [aria-label="Pause"])') || press('[aria-label="Play"], [aria-label="Pause"]')],
  f: ['F', 'Mark the result as a favourite', () => press('.su-favourite')],
  '?': ['?', 'Show these keys', () => { sheet.showModal(); return true; }],
};
const OTHERS = [['← →', 'Another tab, while a tab has the focus']];
const WRITING = 'input, textarea, select, dialog, [contenteditable="true"], [role="slider"], [role="textbox"], [role="application"]';
const OWN = 'button, a, summary, label, audio, video, [role="button"], [tabindex]:not([role="tabpanel"])';

[...Object.values(KEYS), ...OTHERS].forEach(([key, words]) => {
  const name = document.createElement('dt');
  const line = document.createElement('dd');
  name.append(Object.assign(document.createElement('kbd'), { textContent: key }));
  line.textContent = words;
  sheet.querySelector('dl').append(name, line);
});
try { use.checked = localStorage.getItem(STORED) !== 'off'; } catch { /* a browser that stores nothing */ }
use.addEventListener('change', () => {
  try { localStorage.setItem(STORED, use.checked ? 'on' : 'off'); } catch { /* it counts until the page is closed */ }
});
element.querySelector('.su-keys-button').addEventListener('click', () => sheet.showModal());
sheet.addEventListener('click', event => { if (event.target === sheet) sheet.close(); });

document.addEventListener('keydown', event => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const tab = event.target.closest('#su-tabs > .tab-wrapper [role="tab"]');
  if (tab) {
    const all = tabs(), at = all.indexOf(tab);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      const chosen = all[(next + all.length) % all.length];
      chosen.focus();
      chosen.click();
      return;
    }
  }
  const key = KEYS[event.key.toLowerCase()];
  if (!key || !use.checked || event.repeat || event.target.closest(WRITING) || document.querySelector('dialog[open]')) return;
  if (event.key === ' ' && event.target.closest(OWN)) return;
  if (key[2]()) event.preventDefault();
});

const skip = element.querySelector('.su-skip');
skip.addEventListener('click', event => {
  event.preventDefault();
  const target = panel();
  target?.setAttribute('tabindex', '-1');
  target?.focus();
});

const set = (node, name, value) => { if (node.getAttribute(name) !== value) node.setAttribute(name, value); };
const show = tab => {
  const bar = tab.parentElement;
  bar.scrollLeft = tab.offsetLeft - bar.offsetLeft - (bar.clientWidth - tab.offsetWidth) / 2;
};
let shown = null;
const mend = () => {
  const open = tabs().find(tab => tab.getAttribute('aria-selected') === 'true');
  if (open && open !== shown) show(shown = open);
  tabs().forEach(tab => {
    set(tab.parentElement, 'aria-label', 'What to make');
    set(tab, 'tabindex', tab.getAttribute('aria-selected') === 'true' ? '0' : '-1');
    const named = document.getElementById(tab.getAttribute('aria-controls'));
    if (named) set(named, 'aria-labelledby', tab.id);
  });
  // The words that are seen have to be in the name that is read (WCAG 2.5.3).
  document.querySelectorAll('button.playback').forEach(button => set(button, 'aria-label', button.textContent.trim() + ' speed'));
  document.querySelectorAll('button.upload-container[aria-label]').forEach(button => {
    if (button.textContent.trim()) button.removeAttribute('aria-label');
  });
  document.querySelectorAll('[data-testid="block-info"], .su-held label > span').forEach(label => {
    const term = (props.terms || {})[label.textContent.trim()];
    if (term) set(label, 'title', term);
  });
};
window.addEventListener('resize', () => { if (shown) show(shown); });
let waiting = 0;
const watched = { childList: true, subtree: true, attributes: true, attributeFilter: ['aria-selected', 'aria-label'] };
new MutationObserver(() => { waiting ||= setTimeout(() => { waiting = 0; mend(); }, 60); })
  .observe(document.querySelector('#su-tabs') || document.body, watched);
mend();
