// The stage of Live. The value is {examples: [{title, file}], kind, run, address, words}: "started" answers the event
// 'begin' {run} with the address of a session, "refused" with a sentence. props: tab.
// Tells the gallery of what is kept: 'su-made', 'su-filmed'.
const find = selector => element.querySelector(selector);
const view = find('.su-live-view'), player = find('audio'), heardWords = find('.su-live-heard');
const SPOKEN_MS = 5000;    // what is heard is said to those who cannot see it so often at most
const LATE_MS = 60000;
let live = null;           // LiveStream
let capture = null;        // {rate, close}
let run = 0;
let hold = '';             // '', 'frozen', 'paused'
let recording = 0;         // since when, or 0
let spoken = { words: '', at: 0 };
let frames = [];           // {at, behind} of the last seconds
let source = 'microphone';
let kept = 0;

const make = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
};
const say = words => { find('.su-live-said').textContent = words; };
const badge = words => {
  find('.su-live-badge').hidden = !words;
  find('.su-live-badge').textContent = words;
};
const setState = state => {
  view.dataset.state = state;
  const running = !['idle', 'starting'].includes(state);
  const start = find('.su-live-start');
  start.textContent = state === 'idle' ? 'Start' : 'Stop';
  find('.su-live-freeze').disabled = !running;
  find('.su-live-keep').disabled = !running || !live?.shown;
  find('.su-live-record').disabled = !running && !recording;
  element.querySelectorAll('.su-live-source input[type=radio], .su-live-open input, .su-live-example').forEach(one => { one.disabled = state !== 'idle'; });
};
const drawLevel = samples => {
  let peak = 1e-6;
  for (const value of samples) peak = Math.max(peak, Math.abs(value));
  const db = Math.max(-60, Math.min(0, 20 * Math.log10(peak))), meter = find('.su-live-meter');
  meter.firstElementChild.style.width = (100 * (1 + db / 60)).toFixed(0) + '%';
  meter.dataset.over = String(db > -1);
  meter.setAttribute('aria-valuenow', String(Math.round(db)));
};
const median = values => values.sort((a, b) => a - b)[values.length >> 1];
const drawFacts = () => {
  const now = performance.now();
  frames = frames.filter((one, index) => now - one.at < 4000 || index >= frames.length - 3);
  const parts = [];
  if (frames.length > 1) {
    const rate = 1000 * (frames.length - 1) / (frames.at(-1).at - frames[0].at);
    parts.push(`${rate.toFixed(1)} pictures a second`, `${(median(frames.map(one => one.behind)) / 1000).toFixed(1)} s behind the sound`);
  }
  if (recording) parts.push(`recording ${Math.floor((now - recording) / 1000)} s`);
  find('.su-live-facts').textContent = parts.join(' · ');
};
const speak = words => {
  heardWords.textContent = words;
  canvas.setAttribute('aria-label', 'The picture of what is heard: ' + words);
  const now = performance.now();
  if (words === spoken.words || now - spoken.at < SPOKEN_MS) return;
  spoken = { words, at: now };
  find('.su-live-spoken').textContent = words;
};

// Records of the session
const STATES = {
  waking: () => 'Waking the models …',
  live: state => (state.jobs ? `Waiting for ${state.jobs === 1 ? 'one other picture' : state.jobs + ' other pictures'} to be painted` : ''),
  waiting: state => `${state.ahead === 1 ? 'Somebody else is' : state.ahead + ' others are'} live on this engine. You are ${state.ahead === 1 ? 'next, after two minutes at most' : 'in line, two minutes each'}: stay here.`,
  frozen: () => 'Frozen. The engine is free for others meanwhile.',
  paused: () => 'Paused, because this tab was out of sight.',
  silent: () => 'No sound arrives here. Is the connection slow?',
};
const take = (header, parts) => {
  if (header.kind === 'state') {
    const words = STATES[header.state]?.(header) || '';
    if (hold !== 'frozen' || header.state === 'frozen') setState(header.state === 'waking' ? 'starting' : header.state);
    badge(['waiting', 'paused', 'frozen'].includes(header.state) ? { waiting: 'Waiting', paused: 'Paused', frozen: 'Frozen' }[header.state] : '');
    if (words) say(words); else if (view.dataset.words === 'state') say('');
    view.dataset.words = words ? 'state' : '';
  } else if (header.kind === 'quiet') {
    heardWords.textContent = live.shown ? 'It is quiet: the picture stays.' : 'It is quiet. Make a sound, or turn Sensitivity up.';
  } else if (header.kind === 'frame' && hold !== 'frozen') {
    const captured = live.captured.get(header.chunk), now = performance.now();
    showFrame(parts[0]);
    live.shown = header.number;
    view.dataset.frames = String(Number(view.dataset.frames || 0) + 1);
    view.dataset.label = header.labels[0]?.[0] || '';
    if (captured) frames.push({ at: now, behind: now - captured });
    find('.su-frame-empty').hidden = true;
    find('.su-live-keep').disabled = false;
    speak('I hear ' + header.heard);
    drawFacts();
  }
};
const isOutOfSight = () => document.hidden || !canvas.offsetParent;
const setHold = async kind => {
  hold = kind;
  live?.drop();
  try { await live?.post('hold?kind=' + kind); } catch (problem) { say(problem.message); }
};
const hear = samples => {
  if (!live) return;
  const away = isOutOfSight();
  if (away && hold === '') { setHold('paused'); player.pause(); return; }
  if (!away && hold === 'paused') { setHold(''); if (source === 'file') player.play().catch(() => {}); }
  drawLevel(samples);
  if (hold !== 'paused') live.hear(samples);
};

// Start and stop
const finish = words => {
  capture?.close();
  capture = null;
  const old = live;
  live = null;
  hold = '';
  if (recording && old) saveFilm(old);
  badge('');
  setState('idle');
  find('.su-live-freeze').setAttribute('aria-pressed', 'false');
  find('.su-live-freeze').textContent = 'Freeze';
  find('.su-live-meter').firstElementChild.style.width = '0';
  say(words);
};
const start = async () => {
  run += 1;
  const own = run;
  setState('starting');
  frames = [];
  say(source === 'file' ? 'Starting …' : 'Starting … The browser may ask for the microphone.');
  try {
    if (source === 'file' && !player.getAttribute('src')) throw new Error('There is no file yet. Open a sound, or choose an example.');
    const opened = await openCapture(source === 'file' ? player : null, samples => hear(samples));
    if (own !== run) { opened.close(); return; }
    capture = opened;
    trigger('begin', { run: own });
    setTimeout(() => { if (own === run && !live && view.dataset.state === 'starting') { stop(); say('The studio did not answer. Try again in a moment.'); } }, LATE_MS);
  } catch (problem) {
    if (own === run) finish(problem.message);
    if (source === 'microphone') find('.su-live-source').dataset.offer = 'true';
  }
};
const stop = async () => {
  run += 1;
  const old = live, film = recording && old ? saveFilm(old) : null;
  finish('');
  if (film) await film;
  old?.stop();
};
const receive = () => {
  const value = props.value || {};
  fillExamples(value.examples || []);
  if (value.run !== run || view.dataset.state !== 'starting' || live) return;
  if (value.kind === 'refused') { run += 1; finish(value.words); }
  if (value.kind === 'started') {
    live = new LiveStream(value.address, capture.rate, take, words => { if (live) finish(words); });
    say('');
  }
};

// What a person keeps
const keep = async () => {
  const button = find('.su-live-keep');
  button.disabled = true;
  try {
    const [header, [png, wav]] = await live.ask('keep?number=' + live.shown);
    const picture = URL.createObjectURL(new Blob([png], { type: 'image/png' })), sound = URL.createObjectURL(new Blob([wav], { type: 'audio/wav' }));
    kept += 1;
    const words = heardWords.textContent, item = make('li', ''), link = make('a', 'su-thumb'), image = make('img', '');
    Object.assign(link, { href: picture, download: header.names[0], title: 'Download: ' + words });
    image.src = picture;
    image.alt = words;
    link.append(image);
    item.append(link);
    find('.su-live-kept').hidden = false;
    find('.su-live-kept ul').prepend(item);
    document.dispatchEvent(new CustomEvent('su-made', { detail: { tab: props.tab, settings: header.settings,
      result: { id: `live-${Date.now()}-${kept}`, title: words.replace(/^I hear/, 'Live: heard'), detail: `seed ${header.settings.request.seed} · ${header.settings.request.steps} steps`,
        pictures: [{ file: { url: picture }, name: header.names[0], description: words }] },
      inputs: { sound: { url: sound, orig_name: header.names[1] } } } }));
    say('Kept, with its two seconds of sound: see the Gallery.');
  } catch (problem) { say(problem.message); }
  button.disabled = !live;
};
const beginRecording = async () => {
  try {
    await live.post('record');
    recording = performance.now();
    find('.su-live-record').textContent = 'Stop recording';
    find('.su-live-record').setAttribute('aria-pressed', 'true');
    say('Recording, for five minutes at most.');
  } catch (problem) { say(problem.message); }
};
const saveFilm = async from => {
  recording = 0;
  const button = find('.su-live-record'), cover = await canvasFile();
  button.textContent = 'Record a film';
  button.setAttribute('aria-pressed', 'false');
  say('Writing the film …');
  try {
    const [header, [film]] = await from.ask('film');
    const name = header.names[0], url = URL.createObjectURL(new Blob([film], { type: name.endsWith('.webm') ? 'video/webm' : 'video/mp4' }));
    find('.su-live-film').hidden = false;
    Object.assign(find('.su-live-film video'), { src: url, poster: URL.createObjectURL(cover) });
    Object.assign(find('.su-live-film-save'), { href: url, download: name });
    const id = `live-film-${Date.now()}`, length = Math.round(header.settings.length_s);
    document.dispatchEvent(new CustomEvent('su-made', { detail: { tab: props.tab, settings: header.settings, inputs: {},
      result: { id, title: 'Live film', detail: `${length} s · seed ${header.settings.request.seed}`,
        frames: [{ file: { url: URL.createObjectURL(cover) }, name: 'live.jpg', words: 'The last picture of a live film', caption: '' }] } } }));
    document.dispatchEvent(new CustomEvent('su-filmed', { detail: { tab: props.tab, id, video: { url }, name } }));
    say(`The film is below and in the Gallery: ${length} s.`);
  } catch (problem) { say(problem.message); }
};

// Sources
let examplesFilled = false;
const fillExamples = examples => {
  if (examplesFilled || !examples.length) return;
  examplesFilled = true;
  examples.forEach(one => {
    const option = make('option', '', one.title);
    option.value = one.file.url;
    find('.su-live-example').append(option);
  });
};
const playFile = (address, name) => {
  player.src = address;
  find('.su-live-file-name').textContent = name;
};
element.addEventListener('change', event => {
  const { target } = event;
  if (target.matches('.su-live-source input[type=radio]')) {
    source = target.value;
    find('.su-live-file').hidden = source !== 'file';
    find('.su-live-source').dataset.offer = 'false';
  } else if (target.matches('.su-live-open input') && target.files[0]) {
    playFile(URL.createObjectURL(target.files[0]), target.files[0].name);
    find('.su-live-example').value = '';
  } else if (target.matches('.su-live-example') && target.value) playFile(target.value, target.selectedOptions[0].textContent);
});
element.querySelectorAll('.su-live-source input[type=radio]').forEach(one => { one.name = props.tab + '-live-source'; });

find('.su-live-start').addEventListener('click', () => { if (view.dataset.state === 'idle') start(); else stop(); });
find('.su-live-freeze').addEventListener('click', () => {
  const frozen = hold !== 'frozen', button = find('.su-live-freeze');
  button.setAttribute('aria-pressed', String(frozen));
  button.textContent = frozen ? 'Go on' : 'Freeze';
  setHold(frozen ? 'frozen' : '');
});
find('.su-live-keep').addEventListener('click', keep);
find('.su-live-record').addEventListener('click', () => { if (recording) saveFilm(live); else beginRecording(); });
window.addEventListener('pagehide', () => live?.stop());
setInterval(() => { if (live) drawFacts(); }, 1000);
setState('idle');
watch('value', receive);
receive();
