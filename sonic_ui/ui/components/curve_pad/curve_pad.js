// Draws how energy rises and falls. The value is {kind: "curve" | "strip", values: [number, ...] | null}: numbers from
// 0 to 1 over the whole time, of a strip 0 or 1; null leaves it to the picture. A value that Python sets may have any
// number of points. props: tab, label, points, seconds, presets: [{name, title, values}, ...].
// Listens to 'su-ghost' {tab, values}: the picture's own curve, from `pad_ghost`; 'su-length' {tab, seconds}: how long
// the sound will be, over which everything drawn is stretched; 'su-produced' {tab, values}:
// the energy that came out, drawn over the target until that changes; 'su-playhead' {tab, share}: what is heard now.
// Reading and writing numbers is in `curve_text.js`.
const find = selector => element.querySelector(selector);
const N = props.points;
const KEPT = 200;          // drawings that can be undone
const board = find('.su-pad-board');
const EMPTY = { kind: 'curve', values: null };
let now = EMPTY;           // what is drawn; never changed in place
let past = [], future = [];
let draft = null;          // the values while a pointer draws
let last = null;           // where that pointer was: {index, level}
let pointer = null;
let spot = Math.floor(N / 2);  // where the keyboard stands
let seconds = props.seconds;
let ghost = null, produced = null;
let sent = '';

const clamp = (value, low, high) => Math.max(low, Math.min(high, value));
const resampled = values => Array.from({ length: N }, (_, index) => {
  const place = (index + 0.5) / N * values.length - 0.5;
  const low = clamp(Math.floor(place), 0, values.length - 1), high = Math.min(low + 1, values.length - 1);
  return clamp(values[low] + (values[high] - values[low]) * clamp(place - low, 0, 1), 0, 1);
});
const averaged = values => values.length <= 2 * N ? resampled(values) : Array.from({ length: N }, (_, index) => {
  const part = values.slice(Math.floor(index * values.length / N), Math.floor((index + 1) * values.length / N));
  return clamp(part.reduce((sum, value) => sum + value, 0) / part.length, 0, 1);
});
const binary = values => values.map(value => value >= 0.5 ? 1 : 0);
const prepared = value => {
  const kind = value?.kind === 'strip' ? 'strip' : 'curve';
  const given = Array.isArray(value?.values) && value.values.length ? averaged(value.values.map(Number)) : null;
  return { kind, values: given && kind === 'strip' ? binary(given) : given };
};

// Drawing

const at = index => ((index + 0.5) * 1000 / N).toFixed(1);
const high = level => (98 - level * 94).toFixed(2);
const line = values => `M0 ${high(values[0])}` + values.map((level, index) => `L${at(index)} ${high(level)}`).join('') + `L1000 ${high(values[N - 1])}`;
const blocks = values => {
  let path = '';
  for (let index = 0; index < N; index += 1) {
    if (!values[index]) continue;
    let end = index;
    while (end < N && values[end]) end += 1;
    path += `M${index * 1000 / N} 98V4H${end * 1000 / N}V98Z`;
    index = end;
  }
  return path;
};

const time = index => ((index + 0.5) / N * seconds).toFixed(2);
const drawKeys = values => {
  const level = values ? values[spot] : 0;
  board.setAttribute('aria-valuenow', Math.round(100 * level));
  const words = now.kind === 'strip' ? (level ? 'sounds' : 'silent') : Math.round(100 * level) + ' percent';
  board.setAttribute('aria-valuetext', `${time(spot)} seconds: ${values ? words : 'nothing drawn'}`);
  const dot = find('.su-pad-dot');
  dot.style.left = 100 * (spot + 0.5) / N + '%';
  dot.style.top = high(level) + '%';
};

const draw = () => {
  const values = draft || now.values;
  const strip = now.kind === 'strip';
  find('.su-pad').dataset.kind = now.kind;
  find('.su-pad').dataset.empty = String(!values);
  find('.su-pad-line').setAttribute('d', values && !strip ? line(values) : '');
  find('.su-pad-fill').setAttribute('d', !values ? '' : strip ? blocks(values) : line(values) + 'V98H0Z');
  find('.su-pad-ghost').setAttribute('d', ghost ? line(ghost) + 'V98H0Z' : '');
  find('.su-pad-made').setAttribute('d', produced && !draft ? line(produced) : '');
  find('.su-pad-empty').textContent = strip ? 'Paint when it sounds' : ghost
    ? 'Draw how loud it is, or leave it to the sound' : 'Draw how loud it is, from left to right';
  element.querySelectorAll('.su-pad-kind').forEach(button => button.setAttribute('aria-pressed', String(button.dataset.kind === now.kind)));
  const act = name => find(`[data-act=${name}]`);
  act('own').hidden = !ghost;
  act('undo').disabled = !past.length;
  act('redo').disabled = !future.length;
  act('smooth').disabled = strip || !values;
  act('clear').disabled = !values;
  drawKeys(values);
  drawLegend();
  if (!draft) drawNumbers();
};

// What is drawn as text, while that is open: it follows every change but the one that is being typed.
let numbers = '';
const drawNumbers = () => {
  if (find('.su-pad-numbers').hidden) return;
  const text = written(now.values, seconds);
  if (text !== numbers) find('.su-pad-text').value = text;
  numbers = text;
};
const drawLegend = () => {
  find('.su-pad-legend').hidden = !produced;
};

const drawAxis = () => {
  const step = [0.5, 1, 2, 5, 10].find(one => seconds / one <= 6) || 20;
  const marks = [];
  for (let moment = 0; moment <= seconds + 1e-6; moment += step) marks.push(moment);
  find('.su-pad-axis').replaceChildren(...marks.map(moment => {
    const mark = document.createElement('span');
    mark.textContent = +moment.toFixed(2) + ' s';
    mark.style.left = 100 * moment / seconds + '%';
    return mark;
  }));
  find('.su-pad-grid').setAttribute('d', marks.slice(1).filter(moment => moment < seconds - 0.01).map(moment => `M${1000 * moment / seconds} 4V98`).join('') + 'M0 98H1000');
};

// Changing

const tell = () => {
  const value = { kind: now.kind, values: now.values && now.values.map(level => +level.toFixed(4)) };
  sent = JSON.stringify(value);
  props.value = value;
  trigger('input');
};
const say = words => { find('.su-pad-words').textContent = words; };
const turn = next => { // to another drawing, which can be undone
  past = [...past, now].slice(-KEPT);
  future = [];
  now = next;
  produced = null;
  draw();
};
const change = (next, words) => {
  turn(next);
  say(words || '');
  tell();
};
const step = (from, to) => {
  if (!from.length) return;
  to.push(now);
  now = from.pop();
  produced = null;
  say('');
  draw();
  tell();
};
const zeros = () => new Array(N).fill(0);
const setKind = kind => {
  if (kind === now.kind) return;
  change({ kind, values: now.values && (kind === 'strip' ? binary(now.values.map(level => level * 1.6)) : [...now.values]) });
};
const smooth = values => values.map((_, index) => {
  let sum = 0, weight = 0;
  for (let off = -3; off <= 3; off += 1) {
    const other = values[clamp(index + off, 0, N - 1)], share = 4 - Math.abs(off);
    sum += other * share;
    weight += share;
  }
  return sum / weight;
});

// Pointers: mouse, pen, finger

const place = event => {
  const box = board.getBoundingClientRect();
  const level = clamp((98 - 100 * (event.clientY - box.top) / box.height) / 94, 0, 1);
  return { index: clamp(Math.floor((event.clientX - box.left) / box.width * N), 0, N - 1), level };
};
const put = ({ index, level }) => {
  const from = last || { index, level };
  const count = Math.abs(index - from.index);
  for (let part = 0; part <= count; part += 1) {
    const share = count ? part / count : 1;
    draft[from.index + Math.sign(index - from.index) * part] = from.level + (level - from.level) * share;
  }
  last = { index, level };
  spot = index;
};
let paint = 1;             // what a stroke puts into a strip
board.addEventListener('pointerdown', event => {
  if (pointer !== null || event.button > 0) return;
  pointer = event.pointerId;
  try { board.setPointerCapture(pointer); } catch (_) { /* an event made by a script */ }
  draft = now.values ? [...now.values] : zeros();
  last = null;
  const first = place(event);
  paint = draft[first.index] ? 0 : 1;
  put(now.kind === 'strip' ? { ...first, level: paint } : first);
  board.focus({ preventScroll: true });
  event.preventDefault();
  draw();
});
board.addEventListener('pointermove', event => {
  if (event.pointerId !== pointer) return;
  const all = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
  [...all, event].map(place).forEach(one => put(now.kind === 'strip' ? { ...one, level: paint } : one));
  draw();
});
const lift = event => {
  if (event.pointerId !== pointer) return;
  pointer = null;
  const values = draft;
  draft = null;
  change({ kind: now.kind, values });
};
board.addEventListener('pointerup', lift);
board.addEventListener('pointercancel', lift);

// Keys: left and right choose a moment, up and down change it

const nudge = by => {
  const values = now.values ? [...now.values] : zeros();
  if (now.kind === 'strip') values[spot] = by > 0 ? 1 : 0;
  else for (let off = -2; off <= 2; off += 1) { // its neighbours follow half way, so that no needle stands alone
    const index = spot + off;
    if (index >= 0 && index < N) values[index] = clamp(values[index] + by * (1 - Math.abs(off) / 3), 0, 1);
  }
  change({ kind: now.kind, values });
};
board.addEventListener('keydown', event => {
  const key = event.key.toLowerCase(), big = event.shiftKey;
  if ((event.ctrlKey || event.metaKey) && (key === 'z' || key === 'y')) {
    if (key === 'y' || big) step(future, past); else step(past, future);
  } else if (event.ctrlKey || event.metaKey || event.altKey) return;
  else if (key === 'arrowleft' || key === 'arrowright') spot = clamp(spot + (key === 'arrowleft' ? -1 : 1) * (big ? 10 : 1), 0, N - 1);
  else if (key === 'home' || key === 'end') spot = key === 'home' ? 0 : N - 1;
  else if (key === 'arrowup' || key === 'pageup') nudge(key === 'pageup' || big ? 0.25 : 0.05);
  else if (key === 'arrowdown' || key === 'pagedown') nudge(key === 'pagedown' || big ? -0.25 : -0.05);
  else if ((key === ' ' || key === 'enter') && now.kind === 'strip') nudge(now.values?.[spot] ? -1 : 1);
  else if (key === 'delete' || key === 'backspace') { if (now.values) change({ kind: now.kind, values: null }); }
  else return;
  event.preventDefault();
  draw();
});

// Buttons

const openNumbers = open => {
  find('.su-pad-more').setAttribute('aria-expanded', String(open));
  find('.su-pad-numbers').hidden = !open;
  numbers = null;
  if (open) drawNumbers();
};
const use = text => {
  const read = readNumbers(text, seconds);
  if (read.problem) { say(read.problem); return; }
  change(prepared({ kind: now.kind, values: read.values }), read.words);
};
const acts = {
  undo: () => step(past, future),
  redo: () => step(future, past),
  smooth: () => change({ kind: 'curve', values: smooth(now.values) }),
  clear: () => change({ kind: now.kind, values: null }, 'Empty: the sound rises and falls by itself.'),
  own: () => change(prepared({ kind: now.kind, values: ghost }), 'The picture’s own curve.'),
  use: () => use(find('.su-pad-text').value),
  save: () => download(written(now.values || zeros(), seconds), 'energy.csv'),
  open: () => find('.su-pad-file').click(),
};
element.addEventListener('click', event => {
  const button = event.target.closest('button');
  if (!button) return;
  if (button.dataset.act) acts[button.dataset.act]();
  else if (button.classList.contains('su-pad-kind')) setKind(button.dataset.kind);
  else if (button.classList.contains('su-pad-more')) openNumbers(button.getAttribute('aria-expanded') !== 'true');
  else if (button.dataset.preset) {
    const preset = props.presets.find(one => one.name === button.dataset.preset);
    change(prepared({ kind: now.kind, values: preset.values }), preset.title + '.');
  }
});
find('.su-pad-file').addEventListener('change', async event => {
  const [file] = event.target.files;
  event.target.value = '';
  if (file) use(file.size > 4e6 ? '' : await file.text());
});
board.addEventListener('paste', event => {
  use(event.clipboardData.getData('text'));
  event.preventDefault();
});

// What others tell

const hear = (name, listener) => document.addEventListener(name, event => {
  if (event.detail.tab === props.tab) listener(event.detail);
});
hear('su-ghost', detail => {
  ghost = detail.values ? averaged(detail.values) : null;
  draw();
});
hear('su-length', detail => {
  if (!(detail.seconds > 0) || detail.seconds === seconds) return;
  seconds = detail.seconds;
  drawAxis();
  draw();
});
hear('su-produced', detail => {
  produced = detail.values ? averaged(detail.values) : null;
  draw();
});
hear('su-playhead', detail => {
  find('.su-pad-head').setAttribute('d', detail.share == null ? '' : `M${1000 * detail.share} 2V98`);
});

board.setAttribute('aria-label', props.label);
find('.su-pad-presets').append(...props.presets.map(preset => {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'su-pad-preset';
  button.dataset.preset = preset.name;
  button.textContent = preset.title;
  return button;
}));
const receive = () => {
  const text = JSON.stringify(props.value || null);
  if (text === sent) return;
  sent = text;
  const next = prepared(props.value);
  if (JSON.stringify(next) === JSON.stringify(now)) return;
  say('');
  turn(next);
};
watch('value', receive);
now = prepared(props.value);
sent = JSON.stringify(props.value || null);
drawAxis();
draw();
document.dispatchEvent(new CustomEvent('su-ghost-wanted', { detail: { tab: props.tab } }));
