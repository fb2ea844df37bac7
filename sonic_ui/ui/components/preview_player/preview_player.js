// Plays the sound as the engine hears it. A press asks Python with 'preview' {number, at}; the answer is the value,
// {number, file: {url} | null, words}, and is played. While it plays, a slider that comes to rest elsewhere brings the
// sound of its new place, from the same moment on. Sounds never start by themselves.
const find = selector => element.querySelector(selector);
const audio = find('audio');
const ANSWER_MS = 20000;
let at = null;             // where the slider stands: what 'su-turned' told last
let number = 0;            // of the newest question
let asked = null;          // the gain it was asked for
let waiting = false;
let moment = 0;            // where to go on, in seconds
let patience = 0;

const show = words => {
  const on = waiting || !audio.paused;
  find('.su-hear-button').setAttribute('aria-pressed', String(on));
  find('.su-hear-text').textContent = on ? 'Stop' : props.label;
  if (words !== undefined) find('.su-hear-words').textContent = words;
};
const playhead = share => document.dispatchEvent(new CustomEvent('su-playhead', { detail: { tab: props.tab, share } }));
const follow = () => {
  if (audio.paused) return;
  playhead(audio.currentTime / (audio.duration || 1));
  requestAnimationFrame(follow);
};
const ask = from => {
  moment = from;
  waiting = true;
  clearTimeout(patience);
  patience = setTimeout(() => { if (waiting) stop('The studio does not answer. Try again in a moment.'); }, ANSWER_MS);
  number += 1;
  asked = at && at.gain_db;
  trigger('preview', { number, at });
};
const stop = words => {
  waiting = false;
  audio.pause();
  playhead(null);
  show(words);
};

find('.su-hear-button').addEventListener('click', () => {
  if (waiting || !audio.paused) { stop(''); return; }
  audio.load();            // some browsers let a script play only what was touched during the click itself
  ask(0);
  show('');
});
audio.addEventListener('ended', () => stop(''));
document.addEventListener('su-turned', event => {
  if (event.detail.tab !== props.tab) return;
  at = event.detail;
  if (at.settled && !audio.paused && at.gain_db !== asked) ask(audio.currentTime);
});
find('.su-hear-text').textContent = props.label;
document.addEventListener('su-new-sound', event => { if (event.detail === props.tab) stop(''); });

watch('value', () => {
  const value = props.value || {};
  if (!waiting || value.number !== number) return;
  if (!value.file) { stop(value.words || ''); return; }
  waiting = false;
  audio.src = value.file.url;
  audio.currentTime = moment;
  // An 'AbortError' means that a pause or a newer sound came first: nothing went wrong.
  audio.play().then(
    () => { show(''); follow(); },
    problem => { if (problem.name !== 'AbortError') stop('This browser did not play it. Press again.'); },
  );
});
