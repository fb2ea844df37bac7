// Several sounds as one. The value is {faders: [{lufs, gain_db, mute, solo, pan, start_s, end_s}, ...]}, one for each of `most` sounds;
// lufs null: as loud as the sound is by itself. The first sound is that of the tab's editor; the files of the others lie in
// components of the page, which 'assign' sets to what `window.suMixes[tab].assign(current)` returns.
// props: tab, accept, most, examples, splits: [[name, words], ...], unmoved, lufs: {minimum, maximum, step}, pan_step.
// Asks Python: 'assign', 'input', 'wanted', 'example' {number}, 'split' {way}. Listens to 'su-mix-hints' {tab, rows: [{name, lufs,
// words} | null, ...], line, busy, problem}. Tells the player with 'su-turned' {tab, settled, gain_db} that what it plays is another mix.
const find = selector => element.querySelector(selector);
const chooser = find('.su-mix-file'), list = find('.su-mix-rows');
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
let hints = { rows: [], line: '', busy: false, problem: false };
let faders = [];
let pending = [];          // files that were sent and stand in no component yet, and places to empty: {slot, file}
let sending = 0;
let words = '';            // about what was done last
let sent = '';

const make = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  if (tag === 'button') node.type = 'button';
  return node;
};
const rowAt = slot => hints.rows[slot] || pending.filter(one => one.file && one.slot === slot).map(one => ({ name: one.file.orig_name, lufs: null, words: 'is read …' }))[0] || null;
const taken = () => Array.from({ length: props.most }, (_, slot) => slot).filter(slot => slot === 0 || rowAt(slot));
const free = () => Array.from({ length: props.most - 1 }, (_, slot) => slot + 1).filter(slot => !rowAt(slot));
const level = slot => {
  const own = faders[slot].lufs ?? rowAt(slot)?.lufs ?? null;
  return own === null ? null : own + faders[slot].gain_db;
};
const isOff = slot => level(slot) !== null && level(slot) <= props.lufs.minimum;
const signed = number => String(Math.round(number * 2) / 2).replace('-', '−');
const loudness = slot => level(slot) === null ? '–' : isOff(slot) ? 'off' : `${signed(level(slot))} LUFS`;
const side = pan => Math.abs(pan) < 0.01 ? 'middle' : `${Math.round(100 * Math.abs(pan))} % ${pan < 0 ? 'left' : 'right'}`;
const silent = slot => faders[slot].mute || isOff(slot) || (!faders[slot].solo && taken().some(other => faders[other].solo && !faders[other].mute));

// Telling

const turned = () => {
  const mix = JSON.stringify([faders, hints.rows]);
  document.dispatchEvent(new CustomEvent('su-turned', { detail: { tab: `${props.tab}-mix`, settled: true, gain_db: mix } }));
};
const tell = () => {
  const text = JSON.stringify(faders);
  turned();
  words = '';
  if (text === sent) return;
  sent = text;
  props.value = { faders };
  trigger('input');
};
const set = (slot, change, done = true) => {
  faders = faders.map((fader, nth) => nth === slot ? { ...fader, ...change } : fader);
  refresh();
  if (done) tell();
};

// Drawing

const slider = (slot, kind, label, limits, get, text, change) => {
  const row = make('label', `su-mix-slider su-mix-${kind}`), input = make('input'), output = make('output');
  Object.assign(input, { type: 'range', ...limits });
  const show = () => {
    if (document.activeElement !== input || !input.dataset.held) input.value = get();
    output.textContent = text();
    input.setAttribute('aria-valuetext', text());
  };
  input.addEventListener('input', () => { input.dataset.held = 'true'; set(slot, change(Number(input.value)), false); });
  input.addEventListener('change', () => { delete input.dataset.held; set(slot, change(Number(input.value))); });
  row.append(make('span', '', label), input, output);
  return [row, show];
};
const toggle = (slot, kind, label) => {
  const button = make('button', `su-editor-act su-mix-${kind}`, label);
  button.addEventListener('click', () => set(slot, { [kind]: !faders[slot][kind] }));
  return [button, () => button.setAttribute('aria-pressed', String(faders[slot][kind]))];
};
const number = (slot, name, label) => {
  const field = make('label', 'su-mix-number'), input = make('input');
  Object.assign(input, { type: 'number', min: 0, step: 0.1, inputMode: 'decimal' });
  input.addEventListener('change', () => set(slot, { [name]: input.value === '' ? null : clamp(Number(input.value), 0, 604800) }));
  field.append(make('span', '', label), input);
  return [field, () => { if (document.activeElement !== input) input.value = faders[slot][name] ?? ''; }];
};
const part = slot => {
  const fold = make('details', 'su-mix-part'), fields = make('div', 'su-mix-numbers');
  const [from, showFrom] = number(slot, 'start_s', 'From (seconds)'), [to, showTo] = number(slot, 'end_s', 'To (seconds)');
  fields.append(from, to);
  fold.append(make('summary', '', 'Part that is used'), fields);
  if (faders[slot].start_s !== null || faders[slot].end_s !== null) fold.open = true;
  return [fold, () => { showFrom(); showTo(); }];
};
let shows = [];
const build = slot => {
  const item = make('li', 'su-mix-row'), head = make('div', 'su-mix-head'), name = make('span', 'su-mix-name'), about = make('p', 'su-mix-about');
  const buttons = make('div', 'su-mix-buttons');
  const [mute, showMute] = toggle(slot, 'mute', 'Mute'), [solo, showSolo] = toggle(slot, 'solo', 'Solo');
  const { minimum, maximum, step } = props.lufs;
  const [fader, showFader] = slider(slot, 'fader', 'Loudness', { min: minimum, max: maximum, step },
    () => clamp(level(slot) ?? -23, minimum, maximum), () => loudness(slot), lufs => ({ lufs, gain_db: 0 }));
  const [pan, showPan] = slider(slot, 'pan', 'Left to right', { min: -1, max: 1, step: props.pan_step }, () => faders[slot].pan, () => side(faders[slot].pan), value => ({ pan: value }));
  const parts = [showMute, showSolo, showFader, showPan];
  item.dataset.slot = slot;
  buttons.append(mute, solo);
  head.append(name, buttons);
  item.append(head, about, fader, pan);
  if (slot) {
    const remove = make('button', 'su-editor-act su-mix-remove', 'Remove'), [fold, showPart] = part(slot);
    remove.addEventListener('click', () => take(slot));
    buttons.append(remove);
    item.append(fold);
    parts.push(showPart);
  }
  const show = () => {
    const row = rowAt(slot), called = row?.name || (slot ? '' : 'The sound above');
    name.textContent = called;
    about.textContent = row?.words || '';
    item.dataset.silent = String(silent(slot));
    item.dataset.broken = String(Boolean(row && row.lufs === null && row.words && hints.rows[slot]));
    item.setAttribute('aria-label', called);
    [mute, solo].forEach(button => button.setAttribute('aria-label', `${button.textContent} ${called}`));
    buttons.querySelector('.su-mix-remove')?.setAttribute('aria-label', `Remove ${called}`);
    item.querySelectorAll('input[type=range]').forEach((input, nth) => input.setAttribute('aria-label', `${nth ? 'Left to right' : 'Loudness'} of ${called}`));
    parts.forEach(one => one());
  };
  return [item, show];
};
const refresh = () => {
  shows.forEach(show => show());
  const line = sending ? 'Sending …' : [words, hints.line].filter(Boolean).join(' ');
  find('.su-mix-line').textContent = line;
  find('.su-mix-line').dataset.problem = String(!sending && !words && hints.problem);
  const full = !free().length;
  find('.su-mix-open').disabled = full || sending > 0;
  find('.su-mix-example').disabled = full;
  find('.su-mix-split').disabled = hints.busy || sending > 0;
  find('.su-mix-split').textContent = hints.busy ? 'Splitting …' : 'Split';
};
const draw = () => {
  const slots = taken(), drawn = [...list.children].map(item => Number(item.dataset.slot));
  if (slots.join() !== drawn.join()) {
    const rows = slots.map(build);
    list.replaceChildren(...rows.map(([item]) => item));
    shows = rows.map(([, show]) => show);
  }
  refresh();
};

// Files

const mixes = (window.suMixes ||= {})[props.tab] = {
  assign: current => {
    const next = [...current];
    pending.forEach(({ slot, file }) => { next[slot - 1] = file; });
    return next;
  },
};
const take = slot => {
  pending.push({ slot, file: null });
  hints = { ...hints, rows: hints.rows.map((row, nth) => nth === slot ? null : row) };
  faders = faders.map((fader, nth) => nth === slot ? { ...props.unmoved } : fader);
  words = '';
  draw();
  tell();
  trigger('assign');
  find('.su-mix-open').focus({ preventScroll: true });
};
const add = async files => {
  const room = free(), chosen = files.slice(0, room.length), left = files.length - chosen.length;
  words = '';
  sending += 1;
  draw();
  for (const [nth, file] of chosen.entries()) {
    try {
      const there = await upload(file);
      pending.push({ slot: room[nth], file: { path: there.path, url: there.url, orig_name: file.name, size: file.size, mime_type: file.type, meta: { _type: 'gradio.FileData' } } });
    } catch (problem) {
      words = `“${file.name}” did not arrive: ${problem?.message || 'the studio is out of reach'}.`;
    }
  }
  sending -= 1;
  if (left) words = `${files.length} sounds were given; a mix has up to ${props.most}: the last ${left} ${left === 1 ? 'was' : 'were'} left out.`;
  draw();
  trigger('assign');
};
find('.su-mix-open').addEventListener('click', () => chooser.click());
chooser.accept = props.accept.join(',');
chooser.addEventListener('change', () => {
  const files = [...chooser.files];
  chooser.value = '';
  if (files.length) add(files);
});
element.addEventListener('dragover', event => event.preventDefault());
element.addEventListener('drop', event => {
  event.preventDefault();
  event.stopPropagation();
  if (event.dataTransfer.files.length) add([...event.dataTransfer.files]);
});
const choice = find('.su-mix-example');
choice.append(new Option('Add an example …', ''), ...props.examples.map((title, nth) => new Option(title, nth)));
choice.closest('label').hidden = !props.examples.length;
choice.addEventListener('change', () => {
  if (choice.value !== '') trigger('example', { number: Number(choice.value) });
  words = '';
  choice.value = '';
});
find('.su-mix-way').append(...props.splits.map(([name, text]) => new Option(text, name)));
find('.su-mix-split').addEventListener('click', () => {
  words = '';
  hints = { ...hints, busy: true, line: 'Splitting the first sound …', problem: false };
  refresh();
  trigger('split', { way: find('.su-mix-way').value });
});

// What Python tells

document.addEventListener('su-mix-hints', event => {
  if (event.detail.tab !== props.tab) return;
  hints = { ...hints, ...event.detail };
  pending = [];
  draw();
  turned();
});
const receive = () => {
  const given = props.value?.faders || [], text = JSON.stringify(given);
  if (text === sent && faders.length) return;
  sent = text;
  faders = Array.from({ length: props.most }, (_, slot) => ({ ...props.unmoved, ...(given[slot] || {}) }));
  draw();
};
watch('value', receive);
receive();
document.dispatchEvent(new CustomEvent('su-mix-hints-wanted', { detail: { tab: props.tab } }));
// Another sound in the editor, or another part of it
const caption = document.querySelector(`#${props.tab}-drawing .su-sound-caption`);
if (caption) new MutationObserver(() => trigger('wanted')).observe(caption, { childList: true, characterData: true, subtree: true });
trigger('wanted');
