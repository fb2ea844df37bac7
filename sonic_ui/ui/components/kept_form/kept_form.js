// A tab's form as it was when the page was left: its values in localStorage, its files beside those of the gallery. Asks the
// page with 'restore' to put them back, and with 'keep' for all values: a few times after somebody did something while the tab is
// open, since what the server answers comes later. A page that was opened with a link keeps what that brings. `widgets/kept_form.py` calls
// `window.suForms[tab]`: changed(), and keep(values) and restore(values), both in the order of props.fields.
// props: tab, fields, first (whether it keeps the open tab, too), link (the parameter of links).
const FORM = 'sonic-ui-form-' + props.tab, OPEN = 'sonic-ui-tab';
const FORM_BYTES = 24 * 2 ** 20, FORM_LETTERS = 200_000;
const STANDS_MS = 350;     // Gradio hands the fields their first values a moment after they stand
const KEPT_MS = [400, 2000, 6000];
const UNTOUCHED = { __type__: 'update' };
const linked = new URLSearchParams(location.search).has(props.link);
const read = key => { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } };
const write = (key, value) => { try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* a browser that stores nothing */ } };
const kept = linked ? null : read(FORM);
const paths = {};          // of the files that are kept, by field
let stands = false;        // first values are not worth keeping
let timers = [];
let written = '';          // what is kept already

const isFile = value => Boolean(value && typeof value === 'object' && value.path && value.url);
const nameOf = file => file.orig_name || file.path.split(/[\\/]/).pop();
const keepFile = async (field, file) => {
  const key = `form/${props.tab}/${field}`;
  if (paths[field] === (file?.path || null)) return;
  paths[field] = file?.path || null;
  if (!file) { await store.dropFile(key); return; }
  const blob = await fetchFile(file.url, nameOf(file));
  if (paths[field] !== file.path) return;
  if (blob.size <= FORM_BYTES) await store.putFile(key, blob); else await store.dropFile(key);
};
const save = async values => {
  const form = {}, files = [];
  props.fields.forEach((field, index) => {
    const value = values[index];
    if (isFile(value)) {
      form[field] = { file: nameOf(value) };
      files.push([field, value]);
    } else {
      form[field] = value ?? null;
      if (kept?.[field]?.file || paths[field]) files.push([field, null]);
    }
  });
  const text = JSON.stringify(form);
  if (text.length > FORM_LETTERS || text === written && files.every(([field, file]) => paths[field] === (file?.path || null))) return;
  written = text;
  for (const [field, file] of files) {
    try { await keepFile(field, file); } catch { delete form[field]; } // a file that cannot be kept is chosen again
  }
  write(FORM, form);
  element.dataset.kept = String(Number(element.dataset.kept || 0) + 1);
};
const there = async (field, name) => {
  const blob = await store.file(`form/${props.tab}/${field}`);
  if (!blob) return UNTOUCHED;
  const sent = await upload(new File([blob], name, { type: blob.type }));
  paths[field] = sent.path;
  return { path: sent.path, url: sent.url, orig_name: name, size: blob.size, mime_type: blob.type, meta: { _type: 'gradio.FileData' } };
};
const restore = async values => {
  const back = await Promise.all(props.fields.map(async (field, index) => {
    if (!kept || !(field in kept)) return UNTOUCHED;
    const value = kept[field];
    try {
      if (value?.file) return await there(field, value.file);
    } catch { return UNTOUCHED; } // the studio is out of reach: what is there stays
    return JSON.stringify(value) === JSON.stringify(values[index] ?? null) ? UNTOUCHED : value;
  }));
  setTimeout(() => { stands = true; }, KEPT_MS[0]);
  return back;
};
const keepNow = () => { if (document.getElementById(props.tab + '-tab')?.offsetParent) trigger('keep'); };
const changed = () => {
  timers.forEach(clearTimeout);
  timers = stands ? KEPT_MS.map(wait => setTimeout(keepNow, wait)) : [];
};
(window.suForms ||= {})[props.tab] = { changed, keep: save, restore };
['input', 'change', 'pointerup', 'keyup', 'drop'].forEach(kind => document.addEventListener(kind, changed, { capture: true, passive: true }));
setTimeout(() => { if (kept) trigger('restore'); else stands = true; }, STANDS_MS);

if (props.first) {
  const bar = () => document.querySelector('#su-tabs > .tab-wrapper');
  const last = linked ? null : read(OPEN);
  const open = () => {
    const button = last && last !== props.tab && document.getElementById(last + '-tab-button');
    if (button && button.getAttribute('aria-selected') !== 'true') button.click();
  };
  setTimeout(open, STANDS_MS);
  new MutationObserver(() => {
    const chosen = bar()?.querySelector('[role="tab"][aria-selected="true"]')?.id?.replace(/-tab-button$/, '');
    if (chosen && chosen !== read(OPEN)) write(OPEN, chosen);
  }).observe(document.querySelector('#su-tabs'), { subtree: true, attributes: true, attributeFilter: ['aria-selected'] });
}
