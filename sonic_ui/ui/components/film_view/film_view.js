// Where a film grows and is played. The value is one of
//   {kind: "show", film}                                      nothing, or a film that was there before
//   {kind: "working", run, step, total, message, eta_s, pictures: [{at, src}, ...], span: [s, s]}
//                                                              the newest pictures, by their second of the track
//   {kind: "done", run, film}   {kind: "ended", run, message}  (cancelled or refused: the last film stays)
// with film = {id, title, detail, note, reusable, begin_s, duration_s, video: {url} | null, file: {url}, name, label,
//   frames: [{at, caption, words, file: {url}, name}, ...]}. `video` plays; `file` is what is downloaded.
// Tells the timeline of the tab: 'su-film-pictures' {tab, pictures: [{at, src}], fresh} and 'su-film-time' {tab, at}; follows
// 'su-film-seek' {tab, at} and 'su-film-still' {tab, at, src, name, words}. Asks Python: 'reuse' {id}, 'share_settings' {id, as}, 'send' {to, id, index}.
const KEPT = 8;
const KEPT_FRAMES = 8;     // of a film, in the gallery
const video = find('.su-filmed-video'), picture = find('.su-filmed-picture');
let results = [];          // newest first
let film = null;
let index = 0;             // the picture that is shown of it
let growing = null;        // {run}
let still = null;          // {at, src, name, words}: a moment that is looked at in place of the film

const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail: { tab: props.tab, ...detail } }));
const showPicture = (src, words) => {
  picture.src = src;
  picture.alt = words || '';
};

const drawFiles = () => {
  const link = film && !growing && fileLink(film.file, film.name, `Download ${film.label}`);
  if (link) link.classList.add('su-filmed-download');
  find('.su-filmed-files').replaceChildren(...(link ? [link] : []));
};
const drawFilm = () => {
  if (growing) still = null;
  const plays = Boolean(film?.video) && !growing && !still;
  const frame = still ? { file: { url: still.src }, name: still.name, words: still.words } : film?.frames[index];
  video.hidden = !plays;
  picture.hidden = growing ? !picture.getAttribute('src') : plays || !frame;
  if (plays && video.getAttribute('src') !== film.video.url) {
    video.src = film.video.url;
    video.poster = film.frames[0]?.file.url || '';
  }
  if (!plays) video.pause();
  if (frame && !growing) showPicture(frame.file.url, frame.words);
  find('.su-frame-empty').hidden = plays || !picture.hidden;
  find('.su-stage').dataset.state = growing ? 'working' : film ? 'still' : 'empty';
  element.querySelectorAll('.su-send').forEach(button => { button.hidden = !frame || Boolean(growing || still); });
  find('.su-filmed-back').hidden = !still || !film;
  const download = find('.su-download');
  download.hidden = !frame || Boolean(growing);
  download.textContent = 'Download this frame (PNG)';
  if (frame) { download.href = frame.file.url; download.download = frame.name; }
  drawFiles();
};
const drawWords = () => {
  find('.su-status').textContent = film ? film.title : '';
  find('.su-detail').textContent = film ? film.detail : '';
  find('.su-filmed-note').textContent = film ? film.note : '';
  showReuse(film?.reusable);
};
const drawHistory = () => drawEarlier(results, film, 'su-filmed-earlier', one => [one.frames[0]?.file.url || '']);
const turnTo = next => {
  film = next;
  still = null;
  index = 0;
  growing = null;
  drawFilm();
  drawWords();
  drawHistory();
  if (film) tell('su-film-pictures', { fresh: true, pictures: film.frames.map(one => ({ at: one.at, src: one.file.url })) });
};

const begin = () => {
  growing = { run: -1 };
  picture.removeAttribute('src');
  find('.su-filmed-note').textContent = '';
  drawFilm();
  beginProgress();
  tell('su-film-pictures', { fresh: true, pictures: [] });
};
const end = words => {
  endProgress();
  turnTo(film);
  if (words) { find('.su-detail').textContent = words; announce(words); }
};
const receiveWork = value => {
  setBusy(true);
  growing = { run: value.run };
  drawProgress(value);
  const last = value.pictures.at(-1);
  if (last) showPicture(last.src, `The film so far, at ${last.at.toFixed(1)} seconds`);
  drawFilm();
  if (value.pictures.length) tell('su-film-pictures', { pictures: value.pictures });
};
const keep = value => {
  const step = Math.max(1, value.film.frames.length / KEPT_FRAMES);
  const frames = value.film.frames.filter((_, number) => Math.floor(number / step) !== Math.floor((number - 1) / step));
  announceMade(value, { ...value.film, frames });
  if (value.film.video) tell('su-filmed', { id: value.film.id, video: value.film.video, name: value.film.name, downloads: [] });
};

const draw = () => {
  const value = props.value || {};
  if (value.kind === 'show' && !busy) turnTo(value.film);
  else if (value.kind === 'working' && isNews(value.run)) receiveWork(value);
  else if (value.kind === 'done' && isNews(value.run)) {
    ended = value.run;
    endProgress();
    results = [value.film, ...results].slice(0, KEPT);
    turnTo(value.film);
    announce('Done. ' + value.film.title + '. ' + value.film.note);
    keep(value);
  } else if (value.kind === 'ended' && isNews(value.run)) {
    ended = value.run;
    end(value.message);
  }
};

element.addEventListener('click', event => {
  const earlier = event.target.closest('.su-filmed-earlier');
  if (earlier && !busy) turnTo(results.find(one => one.id === earlier.dataset.result));
});
const follow = () => {
  if (film && !video.hidden) tell('su-film-time', { at: film.begin_s + video.currentTime });
  if (!video.paused) requestAnimationFrame(follow);
};
video.addEventListener('play', () => {
  document.querySelectorAll('audio, video').forEach(other => { if (other !== video) other.pause(); });
  follow();
});
video.addEventListener('seeked', follow);
document.addEventListener('su-film-seek', event => {
  if (event.detail.tab !== props.tab || !film || busy) return;
  const at = event.detail.at;
  index = film.frames.reduce((best, one, number) => (Math.abs(one.at - at) < Math.abs(film.frames[best].at - at) ? number : best), 0);
  if (film.video) video.currentTime = Math.max(0, Math.min(at - film.begin_s, film.duration_s));
  drawFilm();
});
document.addEventListener('su-film-still', event => {
  if (event.detail.tab !== props.tab || busy) return;
  still = event.detail;
  drawFilm();
  find('.su-detail').textContent = still.words;
});
find('.su-filmed-back').addEventListener('click', () => turnTo(film));
followActions(() => film && { id: film.id, index });
followButtons(begin, end);
watch('value', draw);
draw();
