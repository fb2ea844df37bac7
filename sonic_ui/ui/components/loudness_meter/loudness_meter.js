// A sound at the gain of the slider, drawn while it moves. The value is null or
//   {points: [{gain_db, lufs, peak_db, shape}, ...], ceiling_db}
// with `shape` base64 of int8 [N][2], the outline at that gain (127 is full scale). The first point is the highest
// gain that the limiter leaves alone: below it all is linear; between two points it is interpolated.
// props: tab, knobs: {gain | scale | both: {label, words, minimum, maximum, step, start, marks: [[at, words], ...]}}.
// Tells the page: 'su-turned' {tab, knob, at, gain_db, lufs, settled}, at each move and once it has come to rest.
// Listens to 'su-knob' {tab, knob}: what to turn; 'su-frames' {tab, knob, at: [...]}: where pictures are;
// 'su-film-at' {tab, knob, at}: the film moved; 'su-film-shown' {tab, src, words}: which picture it shows, and what
// is to be said about it; 'su-playhead' {tab, share}: what is heard now.
const find = selector => element.querySelector(selector);
const LOWEST_DB = -60;     // left end of the bars
const SETTLE_MS = 160;     // how long the slider rests before its exact picture is asked for
const MARKS = [[-40, 'whisper'], [-23, 'TV'], [-14, 'music'], [0, '']];
const range = find('.su-knob-range');
let sound = null;
let knob = 'gain';
let at = { gain: 0, scale: 1, both: 0 };
let frames = { knob: '', at: [] };
let words = '';             // what the film says of the picture it shows
let timer = 0;

const number = (value, digits) => (Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value).toFixed(digits).replace('-', '−');
const signed = (value, digits) => (value > 0.5 * 10 ** -digits ? '+' : '') + number(value, digits);
const spoken = (value, unit) => (value < 0 ? 'minus ' : value > 0 ? 'plus ' : '') + Math.abs(value) + ' ' + unit;
const factor = gain_db => 10 ** (gain_db / 20);
const scaleOf = () => knob === 'scale' ? at.scale : knob === 'both' ? Math.min(2, 2 ** (at.both / 12)) : 1;
const gainOf = () => knob === 'scale' ? 0 : at[knob];

const decode = text => Int8Array.from(atob(text), letter => letter.charCodeAt(0));

// Loudness, true peak and outline [2N] at a gain.
const measured = gain_db => {
  const points = sound.points;
  const first = points[0];
  if (gain_db <= first.gain_db || gain_db === 0) { // at 0 dB a sound is left as it is
    const down = gain_db - first.gain_db;
    return { lufs: Math.max(-70, first.lufs + down), peak_db: first.peak_db + down,
      shape: first.shape.map(value => value * factor(down)), held_db: 0 };
  }
  const above = Math.max(1, points.findIndex(point => point.gain_db >= gain_db));
  const low = points[above - 1], high = points[above];
  const share = Math.min(1, (gain_db - low.gain_db) / (high.gain_db - low.gain_db));
  const mix = (a, b) => a + (b - a) * share;
  return { lufs: mix(low.lufs, high.lufs), peak_db: mix(low.peak_db, high.peak_db),
    shape: low.shape.map((value, index) => mix(value, high.shape[index])),
    held_db: first.peak_db + gain_db - first.gain_db - sound.ceiling_db };
};

// Height of an amplitude: its square root, so that a whisper is still seen; the signs are kept.
const height = value => -Math.sign(value) * Math.sqrt(Math.abs(value)) * 0.86;

const path = shape => {
  const columns = shape.length / 2;
  let top = '', bottom = '';
  for (let index = 0; index < columns; index += 1) {
    const x = (index + 0.5) * 600 / columns;
    const low = height(shape[2 * index]), high = height(shape[2 * index + 1]);
    top += (index ? 'L' : 'M') + x.toFixed(1) + ' ' + Math.min(high - 0.004, 0.996).toFixed(3);
    bottom = 'L' + x.toFixed(1) + ' ' + Math.max(low + 0.004, -0.996).toFixed(3) + bottom;
  }
  return top + bottom + 'Z';
};

const drawWave = now => {
  find('.su-wave-shape').setAttribute('d', path(now.shape));
  const loud = sound.points[0].shape.map(value => value * factor(gainOf() - sound.points[0].gain_db));
  const over = now.held_db > 0.05 ? loud.map(value => Math.max(-1.3, Math.min(1.3, value))) : null;
  find('.su-wave-over').setAttribute('d', over ? path(over) : '');
  const edge = -height(factor(sound.ceiling_db));
  find('.su-wave-ceiling').setAttribute('d', `M0 ${-edge}H600M0 ${edge}H600`);
};

const share = db => 100 * Math.max(0, Math.min(1, 1 - db / LOWEST_DB));

const drawLevels = now => {
  find('.su-level-lufs').style.width = (now ? share(now.lufs) : 0) + '%';
  find('.su-level-peak').style.width = (now ? share(now.peak_db) : 0) + '%';
  find('.su-level-ceiling').style.left = share(sound ? sound.ceiling_db : -1) + '%';
  find('.su-lufs').textContent = now ? (now.lufs <= -70 ? 'below −70 LUFS' : number(now.lufs, 1) + ' LUFS') : '';
  find('.su-peak').textContent = now ? number(now.peak_db, 1) + ' dBTP' : '';
};

const drawKnob = now => {
  const place = at[knob];
  const gain = signed(gainOf(), 1) + ' dB', scale = '×' + scaleOf().toFixed(2);
  find('.su-knob-value').textContent = knob === 'gain' ? gain : knob === 'scale' ? scale : gain + ' · ' + scale;
  const parts = [];
  if (knob !== 'scale') parts.push(spoken(place, 'decibels'));
  if (knob !== 'gain') parts.push('the picture listens ' + scaleOf().toFixed(2) + ' times as much');
  if (now) parts.push(spoken(Math.round(now.lufs), 'LUFS'));
  range.setAttribute('aria-valuetext', parts.join(', '));
  const limits = props.knobs[knob];
  range.style.setProperty('--meter-share', (place - limits.minimum) / (limits.maximum - limits.minimum));
};

const draw = () => {
  const now = sound && measured(gainOf());
  find('.su-meter').dataset.state = sound ? 'drawn' : 'empty';
  if (now) drawWave(now);
  drawLevels(now);
  drawKnob(now);
  const limited = now && now.held_db > 0.05;
  find('.su-wave').dataset.limited = String(Boolean(limited));
  find('.su-wave svg').setAttribute('aria-label', now
    ? `Waveform at ${spoken(gainOf(), 'decibels')}${limited ? ', its peaks held at the limiter’s ceiling' : ''}` : '');
  return now;
};

const tell = settled => {
  const now = draw();
  document.dispatchEvent(new CustomEvent('su-turned', { detail: {
    tab: props.tab, knob, at: at[knob], gain_db: gainOf(), lufs: now ? now.lufs : null, settled } }));
};

const drawMarks = () => {
  const limits = props.knobs[knob];
  const left = place => `calc(var(--meter-thumb) / 2 + ${(place - limits.minimum) / (limits.maximum - limits.minimum)} * (100% - var(--meter-thumb)))`;
  const mark = (place, text, className) => {
    const node = document.createElement('span');
    node.className = className;
    node.style.left = left(place);
    node.textContent = text;
    return node;
  };
  find('.su-knob-marks').replaceChildren(
    ...limits.marks.map(([place, text]) => mark(place, text, 'su-knob-mark' + (place === limits.maximum ? ' su-knob-last' : ''))),
    ...(frames.knob === knob ? frames.at : []).map(place => mark(place, '', 'su-knob-frame')));
};

const drawState = () => {
  const other = frames.at.length && frames.knob !== knob;
  const text = other ? 'not painted yet: the pictures shown turned something else' : words;
  if (find('.su-knob-state').textContent !== text) find('.su-knob-state').textContent = text;
};

const setKnob = name => {
  knob = name;
  const limits = props.knobs[name];
  range.min = limits.minimum;
  range.max = limits.maximum;
  range.step = limits.step;
  range.value = at[name];
  find('.su-meter').dataset.knob = name;
  find('.su-knob-name').textContent = limits.label;
  find('.su-knob-words').textContent = limits.words;
  drawMarks();
  drawState();
  tell(false);
};

range.addEventListener('input', () => {
  at[knob] = Number(range.value);
  tell(false);
  clearTimeout(timer);
  timer = setTimeout(() => tell(true), SETTLE_MS);
});
range.addEventListener('change', () => { clearTimeout(timer); tell(true); });
range.addEventListener('dblclick', () => {
  range.value = at[knob] = props.knobs[knob].start;
  clearTimeout(timer);
  tell(true);
});
const hear = (name, listener) => document.addEventListener(name, event => {
  if (event.detail.tab === props.tab) listener(event.detail);
});
hear('su-knob', detail => setKnob(detail.knob));
hear('su-frames', detail => {
  frames = detail;
  drawMarks();
  drawState();
  tell(true); // another strip: its picture at the slider's place
});
hear('su-film-at', detail => {
  if (detail.knob !== knob) return;
  range.value = at[knob] = detail.at;
  draw();
});
hear('su-film-shown', detail => {
  const picture = find('.su-meter-picture');
  picture.hidden = !detail.src;
  if (detail.src && picture.getAttribute('src') !== detail.src) picture.src = detail.src;
  words = detail.words;
  drawState();
});
hear('su-playhead', detail => {
  find('.su-wave-head').setAttribute('d', detail.share == null ? '' : `M${600 * detail.share} -1V1`);
});

range.id = props.tab + '-knob';
find('.su-knob-name').htmlFor = range.id;
find('.su-level-marks').replaceChildren(...MARKS.map(([place, text]) => {
  const node = document.createElement('span');
  node.style.left = share(place) + '%';
  node.textContent = number(place, 0);
  const words = node.appendChild(document.createElement('em'));
  words.textContent = text;
  return node;
}));
const receive = () => {
  const value = props.value;
  sound = value && { ...value, points: value.points.map(point => ({ ...point, shape: Float32Array.from(decode(point.shape), x => x / 127) })) };
  tell(false);
};
watch('value', receive);
receive();
setKnob(knob);
