// What a film remembers, and its frames below the picture: thumbnails, marks on the slider, earlier strips, the film as a file.
const range = find('.su-film-range');
const picture = find('.su-film-picture');
const over = find('.su-film-over');
let results = [];          // finished strips, newest first
let strip = null;          // the one that is shown
let making = null;         // the one that is being painted: {run, knob, frames}
let place = 0;             // on the slider
let touched = false;       // whether a person moved it during this run
const exact = new Map();   // pictures of places between frames, by `key`
let shownAs = null;        // what the picture that is shown is called: {id, index}
let glimpse = null;        // what will soon be the picture of the place: {key, src}
let asked = '';            // the place that is being painted
let told = '';             // what the answer says instead of a picture
let timer = 0, patience = 0;
let playing = null;        // {from: ms}

const view = () => making || strip || { frames: [] };
const key = at => (strip ? strip.id : '') + '@' + Number(at).toFixed(4);
const tolerance = () => (props.slider ? props.slider.step : 0.01) * 0.51;
const nearest = () => view().frames.filter(frame => frame.src)
  .reduce((best, frame) => (!best || Math.abs(frame.at - place) < Math.abs(best.at - place) ? frame : best), null);
const isOn = frame => Boolean(frame) && Math.abs(frame.at - place) <= tolerance();
const share = () => (place - props.slider.minimum) / (props.slider.maximum - props.slider.minimum);
const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail: { tab: props.tab, knob: strip?.knob, ...detail } }));

const keepInSight = button => {
  const list = find('.su-film-strip'), item = button.parentElement;
  const left = item.offsetLeft - list.offsetLeft;
  if (left < list.scrollLeft) list.scrollLeft = left - 8;
  else if (left + item.offsetWidth > list.scrollLeft + list.clientWidth) list.scrollLeft = left + item.offsetWidth - list.clientWidth + 8;
};

const drawThumb = (item, frame) => {
  const button = item.firstElementChild, image = button.firstElementChild;
  button.disabled = !frame.src;
  button.setAttribute('aria-label', frame.words || frame.caption);
  item.dataset.state = frame.src ? (frame.rough ? 'rough' : 'done') : making ? 'coming' : 'absent';
  image.hidden = !frame.src;
  if (frame.src && image.getAttribute('src') !== frame.src) image.src = frame.src;
  item.querySelector('.su-film-caption').textContent = frame.caption;
  const level = item.querySelector('.su-film-level');
  level.hidden = frame.level == null;
  level.title = frame.level == null ? '' : 'Intensity that the classifier reads from the picture: ' + frame.level.toFixed(2) + ' of 1';
  if (frame.level != null) {
    level.firstElementChild.style.width = Math.round(100 * frame.level) + '%';
    level.lastElementChild.textContent = Math.round(100 * frame.level) + ' % strong';
  }
};

const newThumb = index => {
  const item = make('li', 'su-film-item');
  const button = make('button', 'su-thumb su-film-thumb');
  button.type = 'button';
  button.dataset.index = index;
  const image = make('img', '');
  image.alt = '';
  button.append(image);
  const level = make('span', 'su-film-level');
  level.append(make('span', 'su-film-level-bar'), make('span', 'su-film-level-words'));
  item.append(button, make('span', 'su-film-caption'), level);
  return item;
};

const drawStrip = () => {
  const list = find('.su-film-strip'), frames = view().frames;
  while (list.children.length > frames.length) list.lastChild.remove();
  while (list.children.length < frames.length) list.append(newThumb(list.children.length));
  frames.forEach((frame, index) => drawThumb(list.children[index], frame));
  find('.su-film-bar').hidden = frames.length < 2;
  if (!props.slider) return;
  find('.su-film-marks').replaceChildren(...frames.map(frame => {
    const mark = make('span', '');
    const part = (frame.at - props.slider.minimum) / (props.slider.maximum - props.slider.minimum);
    mark.style.left = `calc(var(--su-thumb) / 2 + ${part} * (100% - var(--su-thumb)))`;
    mark.dataset.ready = String(Boolean(frame.src));
    return mark;
  }));
};

const drawHistory = () => drawEarlier(results, strip, 'su-film-earlier', one => [one.frames[0].src, one.frames.at(-1).src]);

const drawFilm = () => {
  const video = find('.su-film-video video');
  find('.su-film-video').hidden = !strip?.filming && !strip?.video && !strip?.downloads.length;
  find('.su-film-wait').hidden = !strip?.filming;
  video.hidden = !strip?.video;
  video.poster = strip?.frames[0]?.src || '';
  const source = strip?.video?.url || '';
  if (video.getAttribute('src') !== source) { if (source) video.src = source; else video.removeAttribute('src'); }
  find('.su-film-files').replaceChildren(...(strip?.downloads || []).map(one => fileLink(one.file, one.name, one.label)));
};

// Ask for the film of the strip that is shown, unless that is done. A run interrupts it: it is asked for again after it.
const askFilm = () => {
  if (busy || !strip?.filming || strip.filmAsked) return;
  strip.filmAsked = true;
  trigger('film', { id: strip.id });
};

document.addEventListener('su-filmed', event => {
  const { tab, id, again, video, downloads, note } = event.detail;
  const result = tab === props.tab && results.find(one => one.id === id);
  if (!result) return;
  if (again) {
    result.filmAsked = false;
    askFilm();
    return;
  }
  Object.assign(result, { filming: false, video, downloads });
  if (note) result.note += (result.note && ' ') + note;
  if (result === strip) { drawFilm(); if (!busy) drawWords(); }
});
