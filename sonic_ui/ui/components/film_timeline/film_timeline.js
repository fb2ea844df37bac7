// What is heard along a track, below its display (`sound_editor`): names, how sure they are, loudness, beats, and the pictures
// of a film as they come. The value is that of the editor with, once it is known,
//   track: {state: "listening", words} | {state: "heard", begin_s, labels: [name, ...], shares: base64 uint8 [windows][labels], hop_s,
//           first_s, segments: [[s, s, name], ...], level_s, levels: base64 uint8, beats, bars, onsets: [s, ...], words}
// Asks Python: 'look' {at}, the picture of a moment. Tells the view of the tab 'su-film-seek' {tab, at}; follows
// 'su-film-pictures' {tab, pictures: [{at, src}], fresh}, 'su-film-time' {tab, at} and 'su-film-look' {tab, at, frame, words}.
const lanes = find('.su-lanes'), lanesBoard = find('.su-lanes-board'), lanesCanvas = find('.su-lanes-canvas');
const moment = find('.su-lanes-moment');
const SILENCE = 'silence', UNKNOWN = 'not known';
const NAMES_PX = 24, SHARES_PX = 44, LEVELS_PX = 36, PICTURES_PX = 60, GAP_PX_LANES = 4, THUMB_PX = 56;
const TOP_SHARES = NAMES_PX + GAP_PX_LANES, TOP_LEVELS = TOP_SHARES + SHARES_PX + GAP_PX_LANES;
const HUES = [210, 45, 140, 20, 265, 95, 330, 180, 70, 240, 0, 115, 295, 160, 30, 225];
let track = null;          // decoded
let pictures = [];         // [{at, src}] of the film, in order of time
let stills = [];           // [{at, src}] of moments that were looked at
let at = 0;                // the moment
let waitsFor = null;       // the moment that is being painted

const tellView = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail: { tab: props.tab, ...detail } }));
const isDark = () => document.body.classList.contains('dark');
const hueOf = name => HUES[Math.max(0, track.labels.indexOf(name)) % HUES.length];
const tint = (name, alpha = 1) => (!name || name === SILENCE ? `color-mix(in srgb, var(--su-edge) ${Math.round(40 * alpha)}%, transparent)`
  : `oklch(${isDark() ? 0.74 : 0.62} 0.13 ${hueOf(name)} / ${alpha})`);

const decodeTrack = value => (value?.state !== 'heard' ? value || null : {
  ...value, shares: bytes(value.shares, Uint8Array), levels: bytes(value.levels, Uint8Array),
});

// Drawing
const lanesPlace = () => {
  const ratio = Math.min(2, window.devicePixelRatio || 1), height = TOP_LEVELS + LEVELS_PX;
  const width = Math.round(lanesBoard.clientWidth * ratio);
  if (lanesCanvas.width !== width || lanesCanvas.height !== Math.round(height * ratio)) {
    Object.assign(lanesCanvas, { width, height: Math.round(height * ratio) });
  }
  const place = lanesCanvas.getContext('2d');
  place.setTransform(ratio, 0, 0, ratio, 0, 0);
  place.clearRect(0, 0, width, height);
  return { place, width: lanesBoard.clientWidth };
};
const drawShares = (place, width) => {
  const count = track.labels.length, windows = count ? track.shares.length / count : 0;
  const bottom = TOP_SHARES + SHARES_PX, below = new Float32Array(windows);
  for (let label = 0; label < count; label += 1) {
    place.beginPath();
    const end_s = track.begin_s + track.levels.length * track.level_s; // the last window reaches the end
    const x = index => width * xOf(index === windows - 1 ? end_s : track.first_s + index * track.hop_s);
    for (let index = 0; index < windows; index += 1) place.lineTo(x(index), bottom - SHARES_PX * below[index]);
    for (let index = windows - 1; index >= 0; index -= 1) {
      below[index] += track.shares[index * count + label] / 255;
      place.lineTo(x(index), bottom - SHARES_PX * Math.min(1, below[index]));
    }
    place.closePath();
    place.fillStyle = tint(track.labels[label], 0.55);
    place.fill();
  }
};
const drawLevels = (place, width) => {
  const bottom = TOP_LEVELS + LEVELS_PX;
  place.fillStyle = colour('warm');
  place.globalAlpha = 0.75;
  place.beginPath();
  place.moveTo(width * xOf(track.begin_s), bottom);
  track.levels.forEach((level, index) => place.lineTo(width * xOf(track.begin_s + (index + 0.5) * track.level_s), bottom - LEVELS_PX * 0.92 * level / 255));
  place.lineTo(width * xOf(track.begin_s + track.levels.length * track.level_s), bottom);
  place.closePath();
  place.fill();
  place.globalAlpha = 1;
  const bars = new Set(track.bars);
  place.fillStyle = colour('text');
  const marks = track.beats.length ? track.beats : track.onsets;
  if (width * xOf(view.from + 1) < 3) return; // too dense to be seen
  marks.forEach(time => {
    const high = bars.has(time) ? LEVELS_PX * 0.7 : LEVELS_PX * 0.3;
    place.globalAlpha = track.beats.length ? 0.8 : 0.4;
    place.fillRect(width * xOf(time) - 0.5, TOP_LEVELS, bars.has(time) ? 1.5 : 1, high);
  });
  place.globalAlpha = 1;
};
const drawNames = width => {
  find('.su-lanes-names').replaceChildren(...track.segments.flatMap(([from, to, name]) => {
    const left = clamp(xOf(from), 0, 1), right = clamp(xOf(to), 0, 1);
    if (right <= left) return [];
    const item = document.createElement('li'), words = name || UNKNOWN;
    item.style.left = 100 * left + '%';
    item.style.width = `calc(${100 * (right - left)}% - 2px)`;
    item.style.setProperty('--su-tint', tint(name, name && name !== SILENCE ? 0.34 : 1));
    item.dataset.kind = name === SILENCE ? 'silent' : name ? 'known' : 'unknown';
    item.textContent = (right - left) * width > 34 ? words : '';
    item.title = `${words}, ${from.toFixed(1)} to ${to.toFixed(1)} s`;
    return [item];
  }));
};
// Thumbnails where there is room: those that were looked at first, then from left to right.
const drawPictures = width => {
  const taken = [];
  const fits = x => x > -THUMB_PX && x < width && taken.every(other => Math.abs(other - x) >= THUMB_PX + 3);
  const nodes = [];
  const add = (one, still) => {
    const x = clamp(width * xOf(one.at) - THUMB_PX / 2, 0, width - THUMB_PX);
    if (xOf(one.at) < -0.001 || xOf(one.at) > 1.001 || !fits(x)) return;
    taken.push(x);
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'su-lanes-thumb';
    button.dataset.at = one.at;
    button.dataset.still = String(still);
    button.style.left = x + 'px';
    button.setAttribute('aria-label', `Picture at ${one.at.toFixed(1)} seconds`);
    if (one.src) {
      const picture = document.createElement('img');
      picture.src = one.src;
      picture.alt = '';
      button.append(picture);
    } else button.dataset.waits = 'true';
    nodes.push(button);
  };
  if (waitsFor !== null) add({ at: waitsFor, src: '' }, true);
  stills.forEach(one => add(one, true));
  pictures.forEach(one => add(one, false));
  find('.su-lanes-pictures').replaceChildren(...nodes);
  find('.su-lanes-pictures').dataset.empty = String(!nodes.length);
};
const drawMoment = () => {
  moment.style.left = 100 * clamp(xOf(at), 0, 1) + '%';
  moment.hidden = xOf(at) < -0.001 || xOf(at) > 1.001;
  moment.setAttribute('aria-valuemax', sound ? sound.duration_s.toFixed(1) : 0);
  moment.setAttribute('aria-valuenow', at.toFixed(1));
  moment.setAttribute('aria-valuetext', `${at.toFixed(1)} seconds`);
};
const drawLanes = () => {
  const drawn = section.dataset.state === 'drawn' && Boolean(sound);
  lanes.hidden = !drawn;
  if (!drawn) return;
  const next = value.track;
  if (drawLanes.from !== next) { drawLanes.from = next; track = decodeTrack(next); }
  find('.su-lanes-words').textContent = track?.words || '';
  const { place, width } = lanesPlace();
  if (!width) return;
  const isHeard = track?.state === 'heard';
  lanes.dataset.state = track?.state || 'none';
  if (isHeard) {
    drawShares(place, width);
    drawLevels(place, width);
    drawNames(width);
    lanesCanvas.setAttribute('aria-label', 'Heard: ' + track.segments.map(([from, to, name]) => `${name || UNKNOWN} from ${from.toFixed(1)} to ${to.toFixed(1)} seconds`).join(', '));
  } else find('.su-lanes-names').replaceChildren();
  drawPictures(width);
  drawMoment();
};

// Moments
const goToMoment = next => {
  at = clamp(next, 0, sound?.duration_s || 0);
  drawMoment();
  tellView('su-film-seek', { at });
};
const lookAt = () => {
  if (!sound) return;
  const [start, end] = part();
  at = clamp(at, start, end);
  waitsFor = at;
  drawLanes();
  trigger('look', { at });
};
let pressed = null;
lanesBoard.addEventListener('pointerdown', event => {
  if (event.button > 0 || event.target.closest('.su-lanes-thumb')) return;
  pressed = { id: event.pointerId, x: event.clientX, y: event.clientY };
});
lanesBoard.addEventListener('pointerup', event => {
  if (!pressed || pressed.id !== event.pointerId || Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > 8) return;
  pressed = null;
  const box = lanesBoard.getBoundingClientRect();
  goToMoment(secondsAt((event.clientX - box.left) / box.width));
  lookAt();
});
lanesBoard.addEventListener('click', event => {
  const thumb = event.target.closest('.su-lanes-thumb');
  if (!thumb) return;
  at = Number(thumb.dataset.at);
  drawMoment();
  const still = stills.find(one => one.at === at);
  if (thumb.dataset.still === 'true' && still) tellView('su-film-still', still);
  else tellView('su-film-seek', { at });
});
moment.addEventListener('keydown', event => {
  if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); event.stopPropagation(); lookAt(); return; }
  const turn = KEYS[event.key];
  if (!turn || !sound) return;
  event.preventDefault();
  goToMoment(Number.isFinite(turn) ? at + turn * (event.shiftKey ? 2.5 : 0.5) : turn > 0 ? sound.duration_s : 0);
});
find('.su-lanes-see').addEventListener('click', lookAt);

document.addEventListener('su-film-pictures', event => {
  if (event.detail.tab !== props.tab) return;
  if (event.detail.fresh) pictures = [];
  const known = new Map(pictures.map(one => [one.at, one]));
  event.detail.pictures.forEach(one => known.set(one.at, one));
  pictures = [...known.values()].sort((a, b) => a.at - b.at);
  later();
});
document.addEventListener('su-film-time', event => {
  const head = find('.su-lanes-playhead');
  if (event.detail.tab !== props.tab || !sound) return;
  head.hidden = false;
  head.style.left = 100 * clamp(xOf(event.detail.at), 0, 1) + '%';
});
document.addEventListener('su-film-look', event => {
  if (event.detail.tab !== props.tab) return;
  waitsFor = null;
  const { at: painted, frame: still, words } = event.detail;
  if (still) {
    const one = { at: painted, src: still.file.url, name: still.name, words: still.words };
    stills = [one, ...stills.filter(other => Math.abs(other.at - painted) > 1e-3)].slice(0, 24);
    at = painted;
    tellView('su-film-still', one);
  }
  if (words) find('.su-lanes-words').textContent = words;
  later();
});
document.addEventListener('su-new-sound', event => {
  if (event.detail !== props.input_id && event.detail?.input_id !== props.input_id) return;
  pictures = [];
  stills = [];
  waitsFor = null;
});
alsoDraw = drawLanes;
alsoSeek = seconds => { if (sound) goToMoment(seconds); };
new ResizeObserver(later).observe(lanesBoard);
later();
