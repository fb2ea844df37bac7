// Phrases that the engine knows: {groups: [{title, phrases: [...]}, ...], chosen, others}. A click puts its phrase into `chosen`, the
// rest of its group into `others`, and triggers 'input'.
const list = element.querySelector('.su-chips');
let drawn = '';
const draw = () => {
  const groups = (props.value || {}).groups || [];
  if (JSON.stringify(groups) === drawn) return;  // a click changes none, and keeps its focus
  drawn = JSON.stringify(groups);
  list.hidden = !groups.length;
  list.replaceChildren(...groups.map((group, index) => {
    const row = document.createElement('div');
    row.setAttribute('role', 'group');
    row.setAttribute('aria-label', group.title);
    row.append(...group.phrases.map(phrase => {
      const chip = document.createElement('button');
      chip.type = 'button';
      chip.className = 'su-chip';
      chip.dataset.group = index;
      chip.textContent = phrase;
      return chip;
    }));
    return row;
  }));
};
element.addEventListener('click', event => {
  const chip = event.target.closest('.su-chip');
  if (!chip) return;
  const chosen = chip.textContent;
  const others = props.value.groups[Number(chip.dataset.group)].phrases.filter(phrase => phrase !== chosen);
  props.value = { ...props.value, chosen, others };
  trigger('input');
});
watch('value', draw);
draw();
