// Draws a sound on the board: mel spectrogram, waveform over it, the part that is chosen, a ruler. The overview is
// {duration_s, seen_s, power_s, outline, power, mel}: `outline` is base64 of int8 [N][2], lowest and highest sample of each
// column as signed square roots (127 is full scale), `power` of uint8, K-weighted mean squares, `mel` a grey picture.
const find = selector => element.querySelector(selector);
const board = find('.su-editor-board'), canvas = find('.su-editor-canvas');
const HEIGHT_POWER = 0.7;  // height of an amplitude: a whisper is still seen, and half as loud still looks quieter
const POWER_STEPS = 2.4, POWER_FLOOR_DB = -100;
const BLOCK = 4;           // mean squares of a block of BS.1770: 0.4 s
const MOST_PIXELS = 2;     // of the screen for one of the page
const GAP_PX = 58;         // of the ruler's numbers, at least
let sound = null;          // the overview, decoded
let view = { from: 0, to: 1 };  // seconds that are shown
let melColours = null;     // the spectrogram in the page's colours

const clamp = (value, low, high) => Math.max(low, Math.min(high, value));
const bytes = (text, kind) => new kind(Uint8Array.from(atob(text), letter => letter.charCodeAt(0)).buffer);
const factor = gain_db => 10 ** (gain_db / 20);

const decodeOverview = overview => {
  const outline = Float32Array.from(bytes(overview.outline, Int8Array), root => Math.sign(root) * (root / 127) ** 2);
  const power_db = Float32Array.from(bytes(overview.power, Uint8Array), step => step / POWER_STEPS + POWER_FLOOR_DB);
  return { ...overview, outline, power: power_db.map(db => 10 ** (db / 10)), grey: null };
};
const loadMel = async overview => {
  const picture = new Image();
  picture.src = overview.mel;
  await picture.decode();
  const { naturalWidth: width, naturalHeight: height } = picture;
  const place = Object.assign(document.createElement('canvas'), { width, height }).getContext('2d');
  place.drawImage(picture, 0, 0);
  overview.grey = { width, height, data: place.getImageData(0, 0, width, height).data };
  melColours = null;
};

// Gated loudness of a part in LUFS (BS.1770-4, equations 3 to 7), before any gain.
const lufsOf = power => -0.691 + 10 * Math.log10(Math.max(power, 1e-12));
const meanOf = values => values.reduce((sum, value) => sum + value, 0) / values.length;
const loudness = (from, to) => {
  const first = Math.floor(from / sound.power_s), last = Math.max(first + 1, Math.round(to / sound.power_s));
  const steps = sound.power.slice(first, last), long = sound.power_s > 0.1 ? 1 : Math.min(BLOCK, steps.length);
  if (!steps.length) return -70;
  const blocks = Array.from({ length: steps.length - long + 1 }, (_, index) => meanOf(steps.slice(index, index + long)));
  const audible = blocks.filter(power => lufsOf(power) > -70);
  if (!audible.length) return -70;
  const gate = lufsOf(meanOf(audible)) - 10, loud = audible.filter(power => lufsOf(power) > gate);
  return lufsOf(meanOf(loud.length ? loud : audible));
};

const colour = name => getComputedStyle(element).getPropertyValue('--su-' + name).trim();
const rgb = hex => [1, 3, 5].map(at => parseInt(hex.slice(at, at + 2), 16));
const inColours = () => {
  const { width, height, data } = sound.grey;
  const made = Object.assign(document.createElement('canvas'), { width, height }), place = made.getContext('2d');
  const picture = place.createImageData(width, height), cool = rgb(colour('cool')), warm = rgb(colour('warm'));
  for (let at = 0; at < data.length; at += 4) {
    const level = data[at] / 255, heat = clamp((level - 0.55) / 0.4, 0, 1);
    for (let part = 0; part < 3; part += 1) picture.data[at + part] = cool[part] + (warm[part] - cool[part]) * heat;
    picture.data[at + 3] = 255 * clamp((level - 0.08) / 0.82, 0, 1) ** 1.25;
  }
  place.putImageData(picture, 0, 0);
  return made;
};

const xOf = seconds => (seconds - view.from) / (view.to - view.from);
const secondsAt = x => view.from + x * (view.to - view.from);
const drawMel = (place, width, height, alpha) => {
  if (!sound.grey) return;
  melColours ||= inColours();
  const perSecond = melColours.width / sound.seen_s, to = Math.min(view.to, sound.seen_s);
  if (to <= view.from) return;
  place.globalAlpha = alpha;
  place.drawImage(melColours, view.from * perSecond, 0, (to - view.from) * perSecond, melColours.height, 0, 0, width * xOf(to), height);
};
const drawWave = (place, width, height, ink, alpha, gain_db) => {
  const columns = sound.outline.length / 2, perSecond = columns / sound.seen_s, loud = factor(gain_db), middle = height / 2;
  const high = value => Math.sign(value) * Math.min(1, Math.abs(value * loud)) ** HEIGHT_POWER * middle * 0.94;
  place.globalAlpha = alpha;
  place.fillStyle = ink;
  for (let x = 0; x < width; x += 1) {
    const first = Math.floor(secondsAt(x / width) * perSecond), last = Math.max(first + 1, Math.floor(secondsAt((x + 1) / width) * perSecond));
    if (first >= columns) break;
    let low = 0, top = 0;
    for (let at = Math.max(0, first); at < Math.min(last, columns); at += 1) {
      low = Math.min(low, sound.outline[2 * at]);
      top = Math.max(top, sound.outline[2 * at + 1]);
    }
    const above = high(top), below = -high(low);
    place.fillRect(x, middle - above - 0.5, 1, above + below + 1);
  }
};

const prepare = () => {
  const ratio = Math.min(MOST_PIXELS, window.devicePixelRatio || 1);
  const width = Math.round(board.clientWidth * ratio), height = Math.round(board.clientHeight * ratio);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const place = canvas.getContext('2d');
  place.clearRect(0, 0, width, height);
  return { place, width, height };
};
// The sound, bright from part[0] to part[1] and dim elsewhere.
const drawSound = (part, gain_db) => {
  const { place, width, height } = prepare();
  if (!width || !sound) return;
  const ink = colour('text'), from = clamp(xOf(part[0]), 0, 1) * width, to = clamp(xOf(part[1]), 0, 1) * width;
  const within = (left, right, mel, wave) => {
    if (right <= left) return;
    place.save();
    place.beginPath();
    place.rect(left, 0, right - left, height);
    place.clip();
    drawMel(place, width, height, mel);
    drawWave(place, width, height, ink, wave, gain_db);
    place.restore();
  };
  within(0, from, 0.22, 0.3);
  within(from, to, 0.85, 0.88);
  within(to, width, 0.22, 0.3);
};
// What the microphone hears: the newest columns [low, high] to the right.
const drawLive = columns => {
  const { place, width, height } = prepare(), middle = height / 2, step = Math.max(2, Math.round(width / 220));
  const count = Math.floor(width / step), shown = columns.slice(-count);
  place.fillStyle = colour('warm');
  shown.forEach(([low, top], index) => {
    const above = top ** HEIGHT_POWER * middle * 0.94, below = (-low) ** HEIGHT_POWER * middle * 0.94;
    place.fillRect(index * step, middle - above - 0.5, step - 1, above + below + 1);
  });
};

const clock = seconds => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
const drawRuler = () => {
  const ruler = find('.su-editor-ruler'), span = view.to - view.from;
  if (!sound) { ruler.replaceChildren(); return; }
  const most = Math.max(1, board.clientWidth / GAP_PX);
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200].find(one => span / one <= most) || 14_400;
  const marks = [];
  for (let at = Math.ceil(view.from / step - 1e-6) * step; at <= view.to + 1e-6; at += step) {
    const mark = document.createElement('span');
    mark.style.left = 100 * xOf(at) + '%';
    mark.textContent = step >= 60 || view.to >= 100 ? clock(at + 1e-6) : `${Number(at.toFixed(1))} s`;
    if (xOf(at) < 0.02) mark.dataset.end = 'first';
    if (xOf(at) > 0.94) mark.dataset.end = 'last';
    marks.push(mark);
  }
  ruler.replaceChildren(...marks);
};
