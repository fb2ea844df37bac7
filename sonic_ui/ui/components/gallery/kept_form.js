// The form of the first tab, [sound, words, seed, keep], as it was when the page was left: words and numbers in
// localStorage, the sound beside the gallery's files. Asks the page with 'restore_form' to put it back; a page that was
// opened with a link keeps what the link brings. `widgets/kept_form.py` calls `window.suForm`.
const FORM = 'sonic-ui-form', FORM_SOUND = 'form/sound';
const FORM_BYTES = 24 * 2 ** 20;
const SETTLED_MS = 600;    // the fields tell of their first values, too: these are not worth keeping
const keptForm = (() => { try { return JSON.parse(localStorage.getItem(FORM)); } catch { return null; } })();
let formStands = false;
let soundKept = null;      // path of the sound that is to be kept
let lastKept = '';         // name of the one that is

const keepSound = async file => {
  if (file?.path === soundKept) return;
  soundKept = file?.path || null;
  if (!file?.url) { await store.dropFile(FORM_SOUND); return; }
  const blob = await fetchFile(file.url, file.orig_name || file.path);
  if (file.path !== soundKept) return;
  if (blob.size <= FORM_BYTES) await store.putFile(FORM_SOUND, blob);
  else await store.dropFile(FORM_SOUND);
  lastKept = file.orig_name || file.path.split(/[\\/]/).pop();
};
const saveForm = ([file, words, seed, keep]) => {
  if (!formStands) return;
  const name = file && (file.orig_name || file.path.split(/[\\/]/).pop());
  try { localStorage.setItem(FORM, JSON.stringify({ sound: name || null, words, seed, keep })); } catch { return; }
  keepSound(file).catch(() => {}); // a sound that cannot be kept is chosen again
};
const restoreForm = async ([file, ...rest]) => {
  setTimeout(() => { formStands = true; }, SETTLED_MS);
  if (!keptForm) return null;
  let sound = file;
  try {
    const blob = keptForm.sound && await store.file(FORM_SOUND);
    if (blob) {
      const there = await upload(new File([blob], keptForm.sound, { type: blob.type }));
      sound = { ...there, orig_name: keptForm.sound, size: blob.size, meta: { _type: 'gradio.FileData' } };
    }
  } catch { sound = file; } // the server is out of reach: the sound that is there stays
  return [sound, keptForm.words ?? rest[0], keptForm.seed ?? rest[1], keptForm.keep ?? rest[2]];
};
window.suForm = { save: saveForm, restore: restoreForm, kept: () => lastKept };
const askForForm = () => {
  if (keptForm && !new URLSearchParams(location.search).has('s')) trigger('restore_form');
  else formStands = true;
};
setTimeout(askForForm, 250);
