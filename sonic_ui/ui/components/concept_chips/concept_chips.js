// What sounds in a picture, as chips. The value is {chosen: [[name, dB], ...] | null, most, unsure}; null: what the picture
// shows, `most` of its labels. props: tab, audible, most, longest, quietest, step.
// Listens to 'su-concept-hints' {tab, waiting, picture, labels: [{name, share}, ...], caption, unsure, vocabulary, closed}: what
// the picture shows, from `concept_hints`. A choice holds for one picture; one that Python sets, for the picture that comes with it.
const find = selector => element.querySelector(selector);
const NEAR = 3;            // labels that are offered beside those that sound
const ARTICLES = ['a', 'an', 'the'];
let hints = { waiting: '', picture: '', labels: [], caption: '', unsure: false, vocabulary: [], closed: false };
let chosen = null;
let most = 2;
let given = true;          // whether the choice came from Python, and its picture is still to come
let words = '';            // about the last thing that was done
let problem = false;       // whether they say why it was not done
let sent = '';

const make = (tag, className, text) => {
  const node = document.createElement(tag);
  node.className = className;
  if (text) node.textContent = text;
  if (tag === 'button') node.type = 'button';
  return node;
};
const same = (a, b) => a.toLowerCase() === b.toLowerCase();
const own = () => {
  if (hints.unsure) return [];
  if (hints.caption) return [[hints.caption, 0]];
  return hints.labels.filter((label, nth) => nth < most && (!nth || label.share >= props.audible)).map(label => [label.name, 0]);
};
const sounding = () => chosen || own();
const shareOf = name => hints.labels.find(label => same(label.name, name))?.share;
const percent = share => (share > 0 && share < 0.01 ? '<1' : Math.round(100 * share)) + ' %';
const decibels = gain => (gain ? '−' + Math.abs(gain).toFixed(1).replace('.0', '') : '0') + ' dB';

// Changing

const tell = () => {
  const value = { chosen, most, unsure: hints.unsure };
  const text = JSON.stringify(value);
  if (text === sent) return;
  sent = text;
  props.value = value;
  trigger('input');
};
const change = (next, said) => {
  chosen = next;
  words = said || '';
  problem = false;
  draw();
  tell();
};
const add = name => {
  const tidy = name.trim().replace(/\s+/g, ' ').slice(0, props.longest);
  const now = sounding();
  if (!tidy) return 'Write what should sound, or choose it below.';
  if (now.some(([one]) => same(one, tidy))) return `“${tidy}” sounds already.`;
  if (now.length >= props.most) return `At most ${props.most} sound at once: remove one first.`;
  const parts = text => text.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter(part => part && !ARTICLES.includes(part));
  const known = hints.vocabulary.flatMap(parts);
  if (hints.closed && !parts(tidy).some(part => known.includes(part))) return `This engine knows no sound of “${tidy}”.`;
  change([...now, [hints.vocabulary.find(one => same(one, tidy)) || tidy, 0]], `${tidy} was added.`);
  return '';
};
const remove = name => change(sounding().filter(([one]) => one !== name), `${name} was removed.`);

const refuse = why => {
  if (!why) return;
  words = why;
  problem = true;
  draw();
};

// Drawing

const chip = ([name]) => {
  const item = make('li', '');
  const button = make('button', 'su-concept');
  button.dataset.name = name;
  button.title = 'Click to remove';
  const share = shareOf(name);
  button.append(make('span', 'su-hidden-words', 'Remove '), make('span', 'su-concept-name', name));
  if (share !== undefined && !hints.caption) button.append(make('span', 'su-concept-share', percent(share)));
  const cross = make('span', 'su-concept-cross', '×');
  cross.setAttribute('aria-hidden', 'true');
  button.append(cross);
  item.append(button);
  return item;
};
const fader = ([name, gain]) => {
  const row = make('label', 'su-concept-fader');
  const input = make('input', '');
  Object.assign(input, { type: 'range', min: props.quietest, max: 0, step: props.step, value: gain });
  input.dataset.name = name;
  input.setAttribute('aria-valuetext', decibels(gain));
  row.append(make('span', '', name), input, make('output', '', decibels(gain)));
  return row;
};
const offer = (name, share) => {
  const button = make('button', 'su-concept-offer');
  button.dataset.offer = name;
  const plus = make('span', '', '+');
  plus.setAttribute('aria-hidden', 'true');
  button.append(plus, make('span', 'su-hidden-words', 'Add '), make('span', '', name));
  if (share !== undefined) button.append(make('span', 'su-concept-share', percent(share)));
  return button;
};
const line = () => {
  if (hints.waiting) return hints.waiting;
  if (chosen && !chosen.length && !problem) return 'No sound is chosen: add one.';
  if (words) return words;
  if (chosen) return '';
  if (hints.unsure) return 'Not sure: nothing that this engine knows fits this picture well. Add what sounds in it.';
  return sounding().length ? '' : 'The picture itself decides; or add what should sound.';
};
const drawMix = now => {
  const mix = find('.su-concepts-mix');
  mix.hidden = now.length < 2;
  const names = JSON.stringify(now.map(([name]) => name));
  if (mix.dataset.names === names && mix.childElementCount) { // a fader that is held stays
    mix.querySelectorAll('input').forEach((input, nth) => { if (input !== document.activeElement) input.value = now[nth][1]; });
    mix.querySelectorAll('output').forEach((output, nth) => { output.textContent = decibels(now[nth][1]); });
    return;
  }
  mix.dataset.names = names;
  mix.replaceChildren(...(now.length < 2 ? [] : now.map(fader)));
};
const draw = () => {
  const now = sounding();
  const known = Boolean(hints.picture || chosen);
  find('.su-concepts').hidden = !known && !hints.waiting;
  find('.su-concepts').dataset.unsure = String(known && !now.length && !hints.waiting);
  find('.su-concepts-line').textContent = line();
  find('.su-concepts-line').classList.toggle('su-hidden-words', Boolean(words && !problem && now.length)); // the chips show it
  find('.su-concepts-list').replaceChildren(...(known && !hints.waiting ? now.map(chip) : []));
  find('.su-concepts-more').hidden = !known || Boolean(hints.waiting);
  drawMix(known ? now : []);
  const free = name => !now.some(([one]) => same(one, name));
  const near = hints.labels.filter(label => free(label.name)).slice(0, NEAR);
  find('.su-concepts-near').replaceChildren(...near.map(label => offer(label.name, label.share)));
  find('.su-concepts-all').hidden = !hints.vocabulary.length;
  find('.su-concepts-back').hidden = chosen === null;
  find('.su-concepts-vocabulary').replaceChildren(...hints.vocabulary.filter(free).map(name => offer(name)));
};

element.addEventListener('click', event => {
  const button = event.target.closest('button');
  if (!button) return;
  if (button.dataset.name) {
    remove(button.dataset.name);
    (find('.su-concept') || find('.su-concepts-text')).focus();
  } else if (button.dataset.offer) {
    refuse(add(button.dataset.offer));
    find('.su-concepts-text').focus({ preventScroll: true });
  } else if (button.matches('.su-concepts-back')) {
    change(null, '');
    find('.su-concepts-text').focus({ preventScroll: true });
  } else if (button.matches('.su-concepts-all')) {
    const open = button.getAttribute('aria-expanded') !== 'true';
    button.setAttribute('aria-expanded', String(open));
    find('.su-concepts-vocabulary').hidden = !open;
  }
});
find('.su-concepts-form').addEventListener('submit', event => {
  event.preventDefault();
  const text = find('.su-concepts-text');
  const refused = add(text.value);
  if (refused) refuse(refused); else text.value = '';
});
find('.su-concepts-mix').addEventListener('input', event => {
  const { name } = event.target.dataset;
  const gain = Number(event.target.value);
  event.target.setAttribute('aria-valuetext', decibels(gain));
  change(sounding().map(pair => (pair[0] === name ? [name, gain] : pair)));
});

// What others tell

document.addEventListener('su-concept-hints', event => {
  if (event.detail.tab !== props.tab) return;
  const next = { ...hints, ...event.detail };
  if (next.picture && next.picture !== hints.picture && !given) chosen = null;
  if (next.picture) given = false;
  hints = next;
  words = '';
  problem = false;
  draw();
  tell();
});
const receive = () => {
  const value = props.value || {};
  const text = JSON.stringify({ chosen: value.chosen || null, most: value.most || 2, unsure: Boolean(value.unsure) });
  if (text === sent) return;
  sent = text;
  chosen = value.chosen || null;
  most = value.most || 2;
  given = true;
  words = '';
  draw();
};
find('.su-concepts-text').maxLength = props.longest;
watch('value', receive);
receive();
document.dispatchEvent(new CustomEvent('su-concept-hints-wanted', { detail: { tab: props.tab } }));
