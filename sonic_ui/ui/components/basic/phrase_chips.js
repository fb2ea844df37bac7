// Phrases that the engine knows: {groups: [{title, phrases: [{text, cell}, ...]}, ...], sheet: {url}, cells, chosen, others, words}.
// Their pictures lie side by side in one file of so many cells. A click puts its phrase into `chosen`, the rest of its group into
// `others`, and triggers 'input'; phrases in `words` are marked.
const list = element.querySelector('.su-chips');
let drawn = '';
const pictureOf = (cell, className) => {
  const { sheet, cells } = props.value, picture = document.createElement('span');
  picture.className = className;
  picture.style.backgroundImage = 'url("' + sheet.url + '")';
  picture.style.backgroundSize = cells * 100 + '% 100%';
  picture.style.backgroundPosition = (cells > 1 ? 100 * cell / (cells - 1) : 0) + '% 0';
  return picture;
};
const chipOf = (phrase, index) => {
  const chip = document.createElement('button');
  chip.type = 'button';
  chip.className = 'su-chip';
  chip.dataset.group = index;
  chip.dataset.phrase = phrase.text;
  if (phrase.cell !== null && props.value.sheet) chip.append(pictureOf(phrase.cell, 'su-chip-picture'), pictureOf(phrase.cell, 'su-chip-large'));
  chip.append(phrase.text);
  return chip;
};
const mark = () => {
  const words = ' ' + ((props.value || {}).words || '') + ' ';
  list.querySelectorAll('.su-chip').forEach(chip => chip.setAttribute('aria-pressed', String(words.includes(' ' + chip.dataset.phrase + ' '))));
};
const draw = () => {
  const { groups = [], sheet } = props.value || {};
  const now = JSON.stringify([groups, sheet?.url]);
  if (now !== drawn) {  // a click changes none, and keeps its focus
    drawn = now;
    list.hidden = !groups.length;
    list.replaceChildren(...groups.map((group, index) => {
      const row = document.createElement('div');
      row.setAttribute('role', 'group');
      row.setAttribute('aria-label', group.title);
      row.append(...group.phrases.map(phrase => chipOf(phrase, index)));
      return row;
    }));
  }
  mark();
};
element.addEventListener('click', event => {
  const chip = event.target.closest('.su-chip');
  if (!chip) return;
  const chosen = chip.dataset.phrase;
  const others = props.value.groups[Number(chip.dataset.group)].phrases.map(phrase => phrase.text).filter(phrase => phrase !== chosen);
  props.value = { ...props.value, chosen, others };
  trigger('input');
});
watch('value', draw);
draw();
