// A sound: what it looks like, the part that is listened to, playing and recording it. The value is one of
//   {state: "empty"}   {state: "waiting"}   {state: "failed", name}
//   {state: "drawn", file: {url}, name, heard: [s, s], asked: [s | null, s | null], gain_db, lufs, alt, caption, overview}
// props: input_id, label, accept, shortest_s, longest_s, recorded_s, gain: {minimum, maximum, lufs} | null, batch, invitation.
// Asks the page: 'give' takes the file in `window.suSounds[input_id].file` (null for none), 'fields' and 'part' set the fields of
// the part to `window.suSounds[input_id].fields`, and 'part' has it read. Tells it: 'su-new-sound' (the input_id) for another sound,
// 'su-sounds' {input_id, files} for several files at once. The drawing is in `sound_display`, the microphone in `sound_recorder`.
const section = find('.su-editor'), audio = find('audio'), chooser = find('.su-editor-file');
const shared = (window.suSounds ||= {})[props.input_id] = { file: null, fields: [null, null, 0] };
const INVITATION = props.invitation || 'Record a few seconds of rain, drop a file here, or try one of the examples.';
const FINE_S = 10;         // a shorter sound is cut to hundredths of a second, others to tenths
const DRAG_PX = 4, NARROW_PX = 96, KEPT = 100, PATIENCE_MS = 30_000, PLAY_MS = 20_000, ASK_MS = 2500, ASK_TIMES = 4;
const STEP_S = 0.1, LARGE_STEP_S = 1;
const NOTHING = { start: null, end: null, gain_db: 0 };
let value = { state: 'empty' };
let edit = NOTHING;        // what was chosen; never changed in place
let past = [], future = [];
let sent = '';             // the edit whose answer has not come yet
const mine = new Map();    // when each edit was sent
let reading = null;        // the file that is on its way to the app
let drag = null;           // {mode, x, at, part, draft}
let looped = false, wanted = false, from = null;  // `from`: where a click put the playhead
let zoomed = false;
let frame = 0;
let alsoDraw = null, alsoSeek = null;  // of a component that is built on this one: what is drawn, and done at a click, besides

section.id = props.input_id + '-audio';
find('.su-editor-label').textContent = props.label;
chooser.accept = props.accept.join(',');
chooser.multiple = props.batch > 1;
find('.su-editor-normal').hidden = !props.gain;
if (props.gain) find('.su-editor-lufs input').value = props.gain.lufs;

const say = words => { find('.su-editor-words').textContent = words || ''; };
const seconds = at => `${at.toFixed(sound && sound.duration_s < 10 ? 2 : 1)} s`;
const keyOf = one => JSON.stringify([one.start, one.end, one.gain_db]);
const rounded = at => Number(at.toFixed(sound.duration_s < FINE_S ? 2 : 1));
const chosen = () => edit.start !== null || edit.end !== null;
// The part that is shown: the one that is dragged, the one that was chosen, else what is listened to.
const part = () => {
  if (!sound) return [0, 0];
  if (drag?.draft) return drag.draft;
  if (!chosen()) return value.heard || [0, sound.duration_s];
  const longest = props.longest_s, total = sound.duration_s;
  const end = edit.end ?? Math.min(edit.start + longest, total);
  return [clamp(edit.start ?? Math.max(0, end - longest), 0, total), clamp(end, 0, total)];
};

// Drawing

const setSlider = (node, at, words) => {
  node.setAttribute('aria-valuemax', rounded(sound.duration_s));
  node.setAttribute('aria-valuenow', rounded(at));
  node.setAttribute('aria-valuetext', words);
};
const place = (node, from_s, to_s) => {
  const left = clamp(xOf(from_s), 0, 1), right = clamp(xOf(to_s), 0, 1);
  node.style.left = 100 * left + '%';
  node.style.width = 100 * Math.max(0, right - left) + '%';
};
const drawPart = () => {
  const [start, end] = part(), heard = value.heard || [start, end];
  const own = chosen() || Boolean(drag?.draft);
  section.dataset.chosen = String(own);
  const narrow = (end - start) / (view.to - view.from) * board.clientWidth < NARROW_PX;
  place(find('.su-editor-part'), start, end);
  setSlider(find('.su-editor-part'), start, `${seconds(start)} to ${seconds(end)}${own ? '' : ', chosen by loudness'}`);
  element.querySelectorAll('.su-editor-edge').forEach(edge => {
    const at = edge.dataset.edge === 'start' ? start : end;
    edge.style.left = 100 * clamp(xOf(at), 0, 1) + '%';
    edge.dataset.side = (edge.dataset.edge === 'start') === narrow ? 'left' : 'right';
    edge.hidden = xOf(at) < -0.001 || xOf(at) > 1.001;
    setSlider(edge, at, seconds(at));
  });
  const within = find('.su-editor-heard'), shorter = own && !drag?.draft && end - start - (heard[1] - heard[0]) > 0.15;
  within.hidden = !shorter;
  if (shorter) place(within, ...heard);
};
const drawCaption = () => {
  const [start, end] = part(), waits = drag?.draft || sent;
  find('.su-sound-caption').textContent = sound && waits
    ? `${seconds(start)} to ${seconds(end)} of ${seconds(sound.duration_s)} · ${Math.round(loudness(start, end) + edit.gain_db)} LUFS` : value.caption || '';
  find('.su-editor-gain').textContent = edit.gain_db ? `${edit.gain_db > 0 ? '+' : '−'}${Math.abs(edit.gain_db).toFixed(1)} dB` : '';
};
const drawHead = () => {
  const head = find('.su-editor-playhead'), at = audio.paused ? from : audio.currentTime;
  head.hidden = at === null || !sound || at < view.from || at > view.to;
  if (!head.hidden) head.style.left = 100 * xOf(at) + '%';
};
const drawTools = () => {
  const drawn = section.dataset.state === 'drawn', playing = wanted || !audio.paused, play = find('.su-editor-play');
  const undo = find('.su-editor-undo'), redo = find('.su-editor-redo');
  undo.hidden = redo.hidden = !drawn || !(past.length || future.length);
  undo.disabled = !past.length;
  redo.disabled = !future.length;
  find('.su-editor-auto').hidden = !drawn || !chosen();
  find('.su-editor-loop').setAttribute('aria-pressed', String(looped));
  find('.su-editor-zoom').setAttribute('aria-pressed', String(zoomed));
  play.setAttribute('aria-label', playing ? 'Pause' : 'Play');
  play.dataset.playing = String(playing);
  play.querySelector('span').textContent = playing ? 'Pause' : 'Play';
};
const show = () => {
  if (section.dataset.state === 'drawn' && sound) {
    drawSound(part(), edit.gain_db);
    drawPart();
    drawHead();
  }
  drawRuler();
  drawCaption();
  drawTools();
  alsoDraw?.();
};
const later = () => { frame ||= requestAnimationFrame(() => { frame = 0; show(); }); };
const setState = (state, words) => {
  section.dataset.state = state;
  find('.su-sound-empty').textContent = words || INVITATION;
  find('.su-editor-recording').hidden = state !== 'recording';
  find('.su-editor-clear').hidden = !['drawn', 'failed', 'reading'].includes(state);
  find('.su-editor-name').textContent = ['drawn', 'failed'].includes(state) ? value.name : '';
};
const look = () => {
  const [start, end] = part(), room = Math.max(0.25, (end - start) * 0.25);
  view = zoomed ? { from: Math.max(0, start - room), to: Math.min(sound.duration_s, end + room) } : { from: 0, to: sound.duration_s };
};

// Editing

const send = event => {
  shared.fields = props.gain ? [edit.start, edit.end, edit.gain_db] : [edit.start, edit.end];
  if (event === 'fields') { trigger('fields'); return; }
  sent = keyOf(edit);
  mine.set(sent, Date.now());
  trigger('part');
};
const change = next => {
  if (keyOf(next) === keyOf(edit)) { later(); return; }
  past = [...past, edit].slice(-KEPT);
  future = [];
  edit = next;
  send('part');
  later();
};
const go = (back, forth) => {
  if (!back.length) return;
  forth.push(edit);
  edit = back.pop();
  send('part');
  if (zoomed) look();
  later();
};
const choose = (start, end) => {
  const shortest = Math.min(props.shortest_s, sound.duration_s);
  change({ ...edit, start: rounded(clamp(start, 0, sound.duration_s - shortest)), end: rounded(clamp(end, shortest, sound.duration_s)) });
};
const normalise = () => {
  const field = find('.su-editor-lufs input'), target = Number(field.value);
  if (!field.value || !(target >= -50 && target <= -5)) { say('Normalise takes from −50 to −5 LUFS. Speech on air has −23, music −14.'); return; }
  const measured = loudness(...(value.heard && !sent ? value.heard : part()));
  const wish = target - measured, gain_db = Number(clamp(wish, props.gain.minimum, props.gain.maximum).toFixed(1));
  say(gain_db === Number(wish.toFixed(1)) ? '' : `The loudness can be changed from ${props.gain.minimum} to +${props.gain.maximum} dB: this is as near as it gets.`);
  change({ ...edit, gain_db });
};

// Pointer and keys

const atPointer = event => {
  const box = board.getBoundingClientRect();
  return clamp(secondsAt((event.clientX - box.left) / box.width), 0, sound.duration_s);
};
board.addEventListener('pointerdown', event => {
  if (section.dataset.state !== 'drawn' || event.button > 0 || drag) return;
  const at = atPointer(event), now = part(), edge = event.target.closest('.su-editor-edge')?.dataset.edge;
  const mode = edge || (chosen() && at > now[0] && at < now[1] ? 'move' : 'new');
  drag = { mode, x: event.clientX, at, part: now, draft: null, id: event.pointerId };
  if (edge) event.target.closest('.su-editor-edge').focus({ preventScroll: true });
});
const draftAt = at => {
  const [start, end] = drag.part, total = sound.duration_s, shortest = Math.min(props.shortest_s, total);
  if (drag.mode === 'start') return [clamp(at, 0, end - shortest), end];
  if (drag.mode === 'end') return [start, clamp(at, start + shortest, total)];
  if (drag.mode === 'new') return [Math.min(at, drag.at), Math.max(at, drag.at)];
  const moved = clamp(start + at - drag.at, 0, total - (end - start));
  return [moved, moved + end - start];
};
const onMove = event => {
  if (!drag || event.pointerId !== drag.id) return;
  if (!drag.draft && Math.abs(event.clientX - drag.x) < DRAG_PX) return;
  if (!drag.draft) { try { board.setPointerCapture(drag.id); } catch { /* the pointer is gone already */ } }
  drag.draft = draftAt(atPointer(event));
  later();
};
const onEnd = event => {
  if (!drag || event.pointerId !== drag.id) return;
  const { draft, mode, at } = drag;
  drag = null;
  if (event.type === 'pointercancel') { later(); return; }
  if (!draft) {
    if (mode === 'new' || mode === 'move') { seek(at); alsoSeek?.(at); }
    return;
  }
  from = null;
  if (draft[1] - draft[0] >= Math.min(props.shortest_s, sound.duration_s)) choose(...draft);
  else later();
};
board.addEventListener('pointermove', onMove);
board.addEventListener('pointerup', onEnd);
board.addEventListener('pointercancel', onEnd);
board.addEventListener('dblclick', () => { if (section.dataset.state === 'drawn') change({ ...edit, start: null, end: null }); });

const KEYS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -Infinity, End: Infinity };
board.addEventListener('keydown', event => {
  if (section.dataset.state !== 'drawn' || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === ' ') { event.preventDefault(); toggle(); return; }
  if (event.key === 'Delete' || event.key === 'Backspace') { event.preventDefault(); change({ ...edit, start: null, end: null }); return; }
  const turn = KEYS[event.key], edge = event.target.dataset.edge, total = sound.duration_s;
  if (!turn) return;
  event.preventDefault();
  const by = turn * (event.shiftKey ? LARGE_STEP_S : STEP_S), shortest = Math.min(props.shortest_s, total);
  const [start, end] = part();
  if (edge === 'start') choose(clamp(start + by, 0, end - shortest), end);
  else if (edge === 'end') choose(start, clamp(end + by, start + shortest, total));
  else { const moved = clamp(start + by, 0, total - (end - start)); choose(moved, moved + end - start); }
});
section.addEventListener('keydown', event => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'z' || event.target.matches('input')) return;
  event.preventDefault();
  if (event.shiftKey) go(future, past); else go(past, future);
});

// Playing

let amplifier = null;
const setLoudness = () => {
  if (!edit.gain_db && !amplifier) return;
  try {
    if (!amplifier) {
      const context = new AudioContext(), gain = context.createGain();
      context.createMediaElementSource(audio).connect(gain).connect(context.createDynamicsCompressor()).connect(context.destination);
      amplifier = { context, gain };
    }
    amplifier.context.resume();
    amplifier.gain.gain.value = factor(edit.gain_db);
  } catch { audio.volume = Math.min(1, factor(edit.gain_db)); }
};
const follow = () => {
  if (audio.paused) { drawHead(); return; }
  const [start, end] = part();
  if (audio.currentTime >= end - 0.01 && !audio.seeking) {
    if (looped) audio.currentTime = start;
    else { pause(); return; }
  }
  drawHead();
  requestAnimationFrame(follow);
};
const start = () => {
  wanted = true;
  document.querySelectorAll('audio, video').forEach(other => { if (other !== audio) other.pause(); });
  const [begin, end] = part();
  audio.currentTime = from !== null && from >= begin && from < end ? from : begin;
  setLoudness();
  audio.play().then(() => { wanted = false; drawTools(); follow(); }, problem => {
    if (problem.name === 'NotSupportedError' || problem.name === 'AbortError') return; // what was decoded is asked for, or comes
    wanted = false;
    drawTools();
    say('This browser did not play it. Press again.');
  });
  drawTools();
  setTimeout(() => { if (wanted) pause(); }, PLAY_MS);
};
const pause = () => {
  wanted = false;
  audio.pause();
  from = null;
  drawHead();
  drawTools();
};
const toggle = () => { if (wanted || !audio.paused) pause(); else start(); };
const seek = at => {
  from = at;
  if (!audio.paused) audio.currentTime = at;
  drawHead();
};
audio.addEventListener('loadstart', () => { if (wanted && audio.paused && !audio.getAttribute('src').includes(value.file?.url)) start(); });
audio.addEventListener('ended', () => { if (looped) start(); else pause(); });
audio.addEventListener('pause', () => { if (!wanted) drawTools(); });

// Another sound

const renew = () => {
  edit = NOTHING;
  [past, future, from, zoomed, sent] = [[], [], null, false, ''];
  mine.clear();
  if (!audio.paused) pause();
};
const clear = () => {
  reading = null;
  renew();
  send('fields');
  shared.file = null;
  value = { state: 'empty' };
  sound = null;
  setState('empty');
  say('');
  trigger('give');
  show();
};
const give = async file => {
  if (value.state === 'drawn' || value.state === 'failed') { renew(); send('fields'); }
  reading = file;
  value = { state: 'reading', name: file.name };
  sound = null;
  say('');
  setState('reading', `Reading “${file.name}” …`);
  show();
  try {
    const there = await upload(file);
    if (reading !== file) return; // another one came meanwhile, or it was taken away
    reading = null;
    shared.file = { path: there.path, url: there.url, orig_name: file.name, size: file.size, mime_type: file.type, meta: { _type: 'gradio.FileData' } };
    document.dispatchEvent(new CustomEvent('su-new-sound', { detail: props.input_id }));
    trigger('give');
  } catch (problem) {
    if (reading !== file) return;
    reading = null;
    value = { state: 'empty' };
    setState('empty');
    say(`“${file.name}” did not arrive: ${problem?.message || 'the studio is out of reach'}. Try again, or take a smaller file.`);
  }
};
const take = files => {
  const all = [...files];
  if (all.length > 1 && props.batch > 1) document.dispatchEvent(new CustomEvent('su-sounds', { detail: { input_id: props.input_id, files: all } }));
  else if (all.length) {
    give(all[0]);
    if (all.length > 1) say('One sound at a time here: the first of them was taken.');
  }
};

const finish = keep => {
  const file = stopRecording();
  setState('empty');
  if (keep && file) { give(file); return; }
  receive();
  if (keep) say('Nothing was recorded. Try again.');
};
const record = async () => {
  pause();
  say('');
  find('.su-editor-record').disabled = true;
  try {
    await startRecording(heard => {
      const level = clamp(1 + heard.level_db / 60, 0, 1), meter = find('.su-editor-meter');
      find('.su-editor-clock').textContent = clock(heard.seconds);
      meter.style.setProperty('--level', level);
      meter.style.setProperty('--peak', Math.max(level, Number(meter.style.getPropertyValue('--peak') || 0) - 0.012));
      meter.setAttribute('aria-valuenow', Math.round(clamp(heard.level_db, -60, 0)));
      find('.su-editor-level').textContent = heard.level_db > -0.5 ? 'too loud' : `${Math.round(heard.level_db)} dB`;
      drawLive(heard.columns);
      if (heard.seconds >= props.recorded_s) finish(true);
    });
    setState('recording');
    drawTools();
    find('.su-editor-ruler').replaceChildren();
    find('.su-editor-stop').focus();
  } catch (problem) { say(problem.message); }
  find('.su-editor-record').disabled = false;
};

const ACTS = {
  play: toggle,
  loop: () => { looped = !looped; drawTools(); },
  zoom: () => { zoomed = !zoomed; look(); show(); },
  auto: () => change({ ...edit, start: null, end: null }),
  undo: () => go(past, future),
  redo: () => go(future, past),
  normalise,
  clear,
  record,
  stop: () => finish(true),
  discard: () => finish(false),
  open: () => chooser.click(),
};
section.addEventListener('click', event => {
  const button = event.target.closest('button');
  const act = button && Object.keys(ACTS).find(name => button.classList.contains('su-editor-' + name));
  if (act) ACTS[act]();
});
find('.su-editor-lufs input').addEventListener('keydown', event => { if (event.key === 'Enter') { event.preventDefault(); normalise(); } });
chooser.addEventListener('change', () => {
  take(chooser.files);
  chooser.value = '';
});
let over = 0;
const dropping = on => { over = Math.max(0, over + on); section.dataset.over = String(over > 0); };
section.addEventListener('dragenter', event => { event.preventDefault(); dropping(1); });
section.addEventListener('dragleave', () => dropping(-1));
section.addEventListener('dragover', event => event.preventDefault());
section.addEventListener('drop', event => {
  event.preventDefault();
  over = 0;
  dropping(0);
  take(event.dataTransfer.files);
});

// What Python read

const receive = () => {
  const next = props.value || { state: 'empty' };
  if (section.dataset.state === 'recording') return; // it is read once the recording is over
  if (reading) return; // an answer about what was there before
  if (next.state !== 'drawn') {
    value = next;
    sound = null;
    sent = '';
    setState(next.state, next.state === 'waiting' ? 'Drawing the sound …' : next.state === 'failed' ? 'Nothing to draw.' : '');
    later();
    return;
  }
  const asked = { start: next.asked[0], end: next.asked[1], gain_db: props.gain ? next.gain_db : 0 };
  const other = !sound || value.file?.url !== next.file.url;
  if (!other && keyOf(asked) !== keyOf(edit)) {
    if (Date.now() - (mine.get(keyOf(asked)) || 0) < PATIENCE_MS) return; // a late answer to an earlier edit
    past = [...past, edit].slice(-KEPT); // typed elsewhere
  }
  if (other) renew();
  edit = asked;
  sent = '';
  value = next;
  if (other) {
    sound = decodeOverview(next.overview);
    view = { from: 0, to: sound.duration_s };
    audio.src = next.file.url;
    loadMel(sound).then(later, later);
  }
  canvas.setAttribute('aria-label', next.alt);
  setState('drawn');
  later();
};
watch('value', receive);
new ResizeObserver(later).observe(board);
new MutationObserver(() => { melColours = null; later(); }).observe(document.body, { attributes: true, attributeFilter: ['class'] });
setState('empty');
receive();
trigger('appear'); // it stands: Python may draw what the page holds already
// What comes while another answer does can be lost on its way through Gradio's page: it is asked for again.
let asked = 0;
const again = setInterval(() => {
  if (section.dataset.state !== 'waiting' || ++asked > ASK_TIMES) clearInterval(again);
  else if (section.offsetParent) trigger('appear');
}, ASK_MS);
