// Where the sounds of a picture appear. The value is one of
//   {kind: "show", result}
//   {kind: "working", run, step, total, message, eta_s}
//   {kind: "done", run, result}   {kind: "ended", run, message}   (cancelled or refused: the last result stays)
//   {kind: "film", id, index, video: {url} | null, name, note}
// with result = {id, title, detail, spoken, picture: {url}, seconds, target: [0..1, ...] | null, takes: [{title, name, figures, sources,
//   lufs, energy: [0..1, ...], waveform: [0..1, ...], sound: {file: {url}, name}, settings: {file: {url}, name}}, ...]}.
// Asks Python: 'reuse' {id, index}, 'share_settings' {as, id, index}, 'film' {id, index}, and 'send' {to, id, index}. Tells the page
// 'su-produced' {tab, values}, the energy of the first take, and 'su-playhead' {tab, share}. Sounds never start by themselves, and one at a time.
const KEPT = 12;
let results = [];          // newest first
let shown = null;
const films = new Map();   // by id and index: {state: "making" | "done", video, name, note}

const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail: { tab: props.tab, ...detail } }));
const link = (file, text) => {
  const node = make('a', 'su-action', text);
  node.href = file.file.url;
  node.download = file.name;
  return node;
};

const film = (result, index) => {
  const clip = films.get(result.id + '/' + index);
  if (!clip) return [];
  const place = make('div', 'su-take-film');
  if (clip.state === 'making') place.append(make('span', '', 'The video is being made …'));
  if (clip.note) place.append(make('span', '', clip.note));
  if (clip.video) {
    const video = make('video', '');
    Object.assign(video, { controls: true, playsInline: true, preload: 'metadata', src: clip.video.url });
    place.append(video, link({ file: clip.video, name: clip.name }, 'Download video'));
  }
  return [place];
};

const card = (result, take, index) => {
  const item = make('li', 'su-take');
  const head = make('div', 'su-take-head');
  head.append(make('h2', 'su-take-title', take.title), make('p', 'su-take-figures', take.figures));
  const { plot, transport } = takePlayer(result, take, share => tell('su-playhead', { share }));
  const body = make('div', 'su-take-body');
  const picture = make('img', 'su-take-picture');
  picture.src = result.picture.url;
  picture.alt = '';
  body.append(picture, plot);
  const actions = make('div', 'su-actions');
  const data = { index };
  actions.append(link(take.sound, 'Download WAV'), link(take.settings, 'Settings'),
    ...props.targets.map(target => button('su-send', 'Send to ' + target.title, { ...data, to: target.to })));
  if (!films.has(result.id + '/' + index)) actions.append(button('su-take-video', 'Make a video', data));
  item.append(head, body, transport);
  if (take.sources) item.append(make('p', 'su-take-made', take.sources));
  item.append(actions, ...film(result, index));
  return item;
};

const drawHistory = () => {
  find('.su-history').hidden = !results.length;
  find('.su-history ul').replaceChildren(...results.map(result => {
    const item = make('li', '');
    const thumb = make('button', 'su-thumb su-takes-earlier');
    thumb.type = 'button';
    thumb.dataset.id = result.id;
    thumb.setAttribute('aria-label', result.spoken);
    if (shown && shown.id === result.id) thumb.setAttribute('aria-current', 'true');
    const picture = make('img', '');
    picture.src = result.picture.url;
    picture.alt = '';
    thumb.append(picture);
    item.append(thumb);
    return item;
  }));
};

const compare = soundCompare(find('.su-ab'), share => tell('su-playhead', { share }), () => quiet());
const quiet = () => element.querySelectorAll('audio, video').forEach(one => one.pause());
const offerSounds = () => {
  const listed = (result, before) => result.takes.map((take, index) => ({
    key: `${result.id}/${index}`,
    title: before + take.name,
    url: take.sound.file.url,
    seconds: result.seconds,
    lufs: take.lufs,
    waveform: take.waveform,
  }));
  const earlier = results.filter(result => result !== shown && result.id !== shown.id);
  compare.offer([...listed(shown, ''), ...earlier.flatMap((result, nth) => listed(result, nth ? `${nth + 1} before: ` : 'Before: '))]);
};

const drawShown = () => {
  find('.su-takes').dataset.empty = String(!shown);
  find('.su-frame-empty').hidden = Boolean(shown);
  find('.su-takes-list').replaceChildren(...(shown ? shown.takes.map((take, index) => card(shown, take, index)) : []));
  if (shown) offerSounds();
  element.querySelectorAll('.su-reuse, .su-share-as').forEach(one => { one.hidden = !shown; });
  if (!busy) {
    find('.su-status').textContent = shown ? shown.title : '';
    find('.su-detail').textContent = shown ? shown.detail : '';
  }
  drawHistory();
};

const begin = () => {
  quiet();
  compare.stop();
  beginProgress();
};
const end = words => {
  endProgress();
  find('.su-status').textContent = shown ? shown.title : '';
  find('.su-detail').textContent = words || (shown ? shown.detail : '');
  if (words) announce(words);
};

const draw = () => {
  const value = props.value || {};
  if (value.kind === 'show' && value.result && !busy) {
    shown = value.result;
    drawShown();
  } else if (value.kind === 'working' && isNews(value.run)) {
    setBusy(true);
    drawProgress(value);
  } else if (value.kind === 'done' && isNews(value.run)) {
    ended = value.run;
    results = [value.result, ...results].slice(0, KEPT);
    shown = value.result;
    end('');
    drawShown();
    announce('Done. ' + value.result.spoken);
    tell('su-produced', { values: value.result.takes[0].energy });
    announceMade(value, value.result);
  } else if (value.kind === 'ended' && isNews(value.run)) {
    ended = value.run;
    end(value.message);
  } else if (value.kind === 'film') {
    films.set(value.id + '/' + value.index, { state: 'done', ...value });
    tell('su-filmed', { id: value.id, video: value.video, name: value.name });
    if (shown && shown.id === value.id) drawFilm(value.index);
  }
};

// Only what belongs to the film changes: a sound that is playing goes on.
const drawFilm = index => {
  const item = find('.su-takes-list').children[index];
  item.querySelector('.su-take-video')?.remove();
  item.querySelector('.su-take-film')?.remove();
  item.append(...film(shown, index));
};

element.addEventListener('click', event => {
  const video = event.target.closest('.su-take-video');
  if (video) {
    const index = Number(video.dataset.index);
    films.set(shown.id + '/' + index, { state: 'making' });
    drawFilm(index);
    trigger('film', { id: shown.id, index });
  }
  const earlier = event.target.closest('.su-takes-earlier');
  if (earlier && !busy) {
    shown = results.find(result => result.id === earlier.dataset.id);
    drawShown();
    find('.su-history [aria-current]')?.focus();
  }
});
element.addEventListener('play', event => {
  compare.stop();
  element.querySelectorAll('audio, video').forEach(other => { if (other !== event.target) other.pause(); });
}, true);
followActions(button => shown && { id: shown.id, index: Number(button.dataset.index || 0) });
followButtons(begin, end);
watch('value', draw);
drawShown();
draw();
