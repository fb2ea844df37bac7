// A strip of pictures with a slider along it. The value is one of
//   {kind: "show", strip}                                     a strip that was there before (examples)
//   {kind: "working", run, slots: [{at, caption}, ...], frames: {index: {src, level}}, previews: {index: src},
//    step, total, message, eta_s}                             frames as they come, all of them every time
//   {kind: "done", run, strip}   {kind: "ended", run, message}   (cancelled or refused: the last strip stays)
// with strip = {id, title, detail, note, ends: [left, right], seconds, loop, knob, reusable, refinable,
//   filming (whether a film is to follow), video: {url} | null, downloads: [{label, file: {url}, name}, ...],
//   frames: [{at, caption, level, words, file: {url}, name}, ...]}.
// props: tab, label, slider: {minimum, maximum, step} | null (then it follows 'su-turned' {tab, knob, at, settled} of
// another component, and tells it 'su-frames' {tab, knob, at: [...]}, 'su-film-at' {tab, knob, at}, and 'su-film-shown'
//   {tab, src, words}: the picture that is shown, and what is to be said about it).
// Asks Python: 'film' {id} once a strip is shown whose film is to follow (answered as 'su-filmed'), 'reuse' {id}, 'share_settings' {id, as}, 'send' {to, id, index} for the
// picture shown (of a place between frames: id is "strip@place", index 0), and 'refine' {id, at, knob} for
// the picture of exactly one place; that answer comes as 'su-refined' {tab, id, at, frame | null, glimpse, words} from
// `strip_answer`.
// What it remembers, its thumbnails and its film as a file are in `strip_frames.js`.
const KEPT = 12;
const SETTLE_MS = 140;     // how long the slider rests before its exact picture is asked for
const PATIENCE_MS = 30000; // how long it says that it is being painted
// Width over height of the frame, once a picture says so.
const drawAspect = () => {
  if (!picture.naturalWidth) return;
  find('.su-film').style.setProperty('--su-aspect', limitedAspect(picture.naturalWidth / picture.naturalHeight));
};
const limitedAspect = aspect => Math.min(Math.max(aspect, 9 / 16), 1.8);
picture.addEventListener('load', drawAspect);
// The picture of the place: its own if it is there, else the nearest frame.
const drawPicture = () => {
  const frame = nearest();
  const own = !making && !isOn(frame) && (exact.get(key(place)) || (glimpse?.key === key(place) && glimpse));
  const chosen = own || frame;
  picture.hidden = !chosen;
  find('.su-frame-empty').hidden = Boolean(chosen);
  find('.su-film').dataset.fresh = String(Boolean(making && chosen));
  element.querySelectorAll('.su-download, .su-send').forEach(button => { button.hidden = making || !chosen?.url; });
  shownAs = own ? { id: key(place), index: 0 } : { id: strip?.id, index: view().frames.indexOf(frame) };
  if (!chosen) return;
  if (picture.getAttribute('src') !== chosen.src) picture.src = chosen.src;
  drawAspect();
  picture.alt = chosen.words || '';
  picture.dataset.rough = String(Boolean(chosen.rough));
  if (chosen.url) {
    find('.su-download').href = chosen.url;
    find('.su-download').download = chosen.name;
  }
};

// What is to be said about the picture of the place, unless it is exactly that.
const placeWords = frame => {
  if (!frame || playing || making || isOn(frame) || exact.has(key(place))) return '';
  if (!strip?.refinable) return 'not painted yet';
  return asked === key(place) ? 'painting this very place …' : told || 'nearest picture';
};

const ends = () => (making || !strip ? ['first sound', 'second sound'] : strip.ends);

// The place in percent, halves where it is on one.
const percents = () => {
  const exactly = 100 * share(), halves = Math.round(2 * exactly) / 2;
  return Math.abs(exactly - halves) < 1e-6 ? halves : Math.round(exactly);
};

const drawPlace = () => {
  const frame = nearest(), words = placeWords(frame);
  if (props.slider) {
    const percent = percents();
    const [left, right] = ends();
    range.value = place;
    range.style.setProperty('--su-share', share());
    range.setAttribute('aria-valuetext', `${percent} percent of the way from ${left} to ${right}`);
    find('.su-film-place').textContent = frame ? percent + ' %' + (words && ' · ' + words) : '';
  } else tell('su-film-shown', { src: picture.hidden ? '' : picture.getAttribute('src'), words });
  find('.su-film-strip').querySelectorAll('button').forEach((button, index) => {
    const current = frame === view().frames[index];
    if (current) button.setAttribute('aria-current', 'true'); else button.removeAttribute('aria-current');
    button.tabIndex = current ? 0 : -1;
    if (current) keepInSight(button);
  });
};

const drawWords = () => {
  find('.su-status').textContent = strip ? strip.title : '';
  find('.su-detail').textContent = strip ? strip.detail : '';
  find('.su-film-note').textContent = strip ? strip.note : '';
  showReuse(strip?.reusable);
};

const drawAll = () => {
  const [left, right] = find('.su-film-ends').children;
  [left.textContent, right.textContent] = ends();
  find('.su-film').dataset.state = busy ? 'working' : view().frames.length ? 'still' : 'empty';
  drawStrip();
  drawPicture();
  drawPlace();
};

// Another strip is the one that is shown.
const turnTo = (next, at) => {
  stop();
  strip = next;
  making = null;
  asked = told = '';
  if (strip?.frames.length) {
    place = at ?? strip.frames[0].at;
    strip.frames.forEach(frame => { new Image().src = frame.src; }); // at hand for the slider
  }
  drawAll();
  drawWords();
  drawFilm();
  drawHistory();
  if (strip) tell('su-frames', { at: strip.frames.map(frame => frame.at) });
  askFilm();
};

const prepared = value => value && {
  ...value, frames: value.frames.map(frame => ({ ...frame, src: frame.file.url, url: frame.file.url })),
};

// Ask for the picture of exactly this place, if it is none that is there.
const settle = () => {
  clearTimeout(timer);
  if (busy || !strip?.refinable || isOn(nearest()) || exact.has(key(place)) || asked === key(place)) return;
  asked = key(place);
  told = '';
  clearTimeout(patience);
  patience = setTimeout(() => { asked = ''; drawPlace(); }, PATIENCE_MS);
  trigger('refine', { id: strip.id, at: place, knob: strip.knob });
  drawPlace();
};

const goTo = at => {
  if (playing) stop();
  place = at;
  touched = true;
  if (asked !== key(place)) asked = told = '';
  drawPicture();
  drawPlace();
};

// Play: a place that moves, between two frames a blend of both.
const play = () => {
  const frames = view().frames.filter(frame => frame.src);
  const phase = Math.max(0, frames.indexOf(nearest())) / Math.max(1, frames.length - 1);
  playing = { from: performance.now() - 1000 * (strip.loop || phase < 1 ? phase : 0) * strip.seconds };
  find('.su-film-play').setAttribute('aria-pressed', 'true');
  drawPlay();
  requestAnimationFrame(step);
};

const step = now => {
  if (!playing) return;
  const frames = view().frames.filter(frame => frame.src);
  const turns = Math.max(0, now - playing.from) / 1000 / strip.seconds; // a frame may be older than the click
  const phase = strip.loop ? 1 - Math.abs((turns % 2) - 1) : Math.min(1, turns);
  const along = phase * (frames.length - 1), index = Math.min(Math.floor(along), frames.length - 2);
  const rest = along - index;
  const [a, b] = [frames[index], frames[index + 1]];
  place = a.at + rest * (b.at - a.at);
  if (picture.getAttribute('src') !== a.src) picture.src = a.src;
  if (over.getAttribute('src') !== b.src) over.src = b.src;
  over.hidden = false;
  over.style.opacity = rest * rest * (3 - 2 * rest);
  drawPlace();
  if (!props.slider) tell('su-film-at', { at: place });
  if (!strip.loop && turns >= 1) stop(); else requestAnimationFrame(step);
};

const drawPlay = () => { find('.su-film-play span').textContent = playing ? 'Pause' : 'Play'; };

const stop = () => {
  if (!playing) return;
  playing = null;
  over.hidden = true;
  find('.su-film-play').setAttribute('aria-pressed', 'false');
  drawPlay();
  if (nearest()) place = nearest().at;
  drawPicture();
  drawPlace();
};

const begin = () => {
  stop();
  asked = told = '';
  touched = false;
  find('.su-film-note').textContent = '';
  beginProgress();
};

const end = words => {
  endProgress();
  making = null;
  drawAll();
  drawWords();
  if (words) { find('.su-detail').textContent = words; announce(words); }
  askFilm();
};

const receiveWork = value => {
  setBusy(true);
  const done = drawProgress(value);
  find('.su-film').style.setProperty('--su-blur', ((1 - (done * 3) % 1) * 6 + 2).toFixed(1) + 'px');
  if (!value.slots.length) return;
  making = { run: value.run, frames: value.slots.map((slot, index) => {
    const ready = value.frames[index], rough = value.previews[index];
    return { ...slot, src: ready?.src || rough, level: ready?.level, rough: !ready && Boolean(rough), words: slot.caption };
  }) };
  const newest = making.frames.find(frame => frame.rough); // follow the work, unless a person looks elsewhere
  if (!touched && newest) place = newest.at;
  drawAll();
};

const draw = () => {
  const value = props.value || {};
  if (value.kind === 'show' && !busy) turnTo(prepared(value.strip));
  else if (value.kind === 'working' && isNews(value.run)) receiveWork(value);
  else if (value.kind === 'done' && isNews(value.run)) {
    ended = value.run;
    endProgress();
    const result = prepared(value.strip);
    results = [result, ...results].slice(0, KEPT);
    turnTo(result, touched ? place : undefined);
    announce('Done. ' + result.title + '. ' + result.note);
    if (touched) settle();
    announceMade(value, value.strip);
  } else if (value.kind === 'ended' && isNews(value.run)) {
    ended = value.run;
    end(value.message);
  }
};

element.addEventListener('click', event => {
  const thumb = event.target.closest('.su-film-thumb');
  if (thumb) {
    goTo(view().frames[thumb.dataset.index].at);
    tell('su-film-at', { at: place });
  }
  if (event.target.closest('.su-film-play')) { if (playing) stop(); else if (!busy && strip) play(); }
  const earlier = event.target.closest('.su-film-earlier');
  if (earlier && !busy) {
    turnTo(results.find(result => result.id === earlier.dataset.result));
    find('.su-history [aria-current]')?.focus();
  }
});
element.addEventListener('keydown', event => {
  const thumb = event.target.closest('.su-film-thumb');
  const turn = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
  if (!thumb || !turn) return;
  const ready = [...find('.su-film-strip').querySelectorAll('button:enabled')];
  const next = ready[Math.max(0, Math.min(ready.length - 1, ready.indexOf(thumb) + turn))];
  event.preventDefault();
  next.click();
  next.focus();
});
range.addEventListener('input', () => {
  goTo(Number(range.value));
  clearTimeout(timer);
  timer = setTimeout(settle, SETTLE_MS);
});
range.addEventListener('change', settle);
document.addEventListener('su-refined', event => {
  const answer = event.detail;
  if (answer.tab !== props.tab || !strip || answer.id !== strip.id) return;
  if (answer.frame) exact.set(key(answer.at), { ...answer.frame, src: answer.frame.file.url, url: answer.frame.file.url });
  if (key(answer.at) !== key(place)) return; // it was left meanwhile
  if (answer.glimpse) {
    glimpse = { key: key(place), src: answer.glimpse };
    if (!playing) drawPicture();
    drawPlace();
    return;
  }
  asked = '';
  told = answer.words || '';
  if (!playing) drawPicture();
  drawPlace();
});
document.addEventListener('su-turned', event => {
  const turned = event.detail;
  if (props.slider || turned.tab !== props.tab || (strip && turned.knob !== strip.knob)) return;
  goTo(turned.at);
  if (turned.settled) settle();
});

if (props.slider) {
  range.id = props.tab + '-place';
  find('.su-film-label').htmlFor = range.id;
  find('.su-film-label').textContent = props.label;
  Object.assign(range, { min: props.slider.minimum, max: props.slider.maximum, step: props.slider.step });
} else find('.su-film-slide').hidden = true;
drawPlay();
followActions(button => strip && (button.matches('.su-send') ? shownAs : { id: strip.id }));
followButtons(begin, end);
watch('value', draw);
drawAll();
draw();
