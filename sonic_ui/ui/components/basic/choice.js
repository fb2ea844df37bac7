// One of several ways, each with a line on what it does: the value is its name. props: label, options: [{name, title, line}, ...],
// short: side by side, with the line of the chosen one below.
const list = element.querySelector('.su-options div'), chosenLine = element.querySelector('.su-options-line');
element.querySelector('.su-options').dataset.short = String(Boolean(props.short));
chosenLine.hidden = !props.short;
element.querySelector('legend').textContent = props.label;
const build = () => list.replaceChildren(...props.options.map(option => {
  const row = document.createElement('label');
  row.className = 'su-option';
  const input = document.createElement('input');
  input.type = 'radio';
  input.name = props.group;
  input.value = option.name;
  const words = document.createElement('span');
  const title = document.createElement('strong');
  title.textContent = option.title;
  const line = document.createElement('span');
  line.textContent = option.line;
  words.append(title, ...(props.short ? [] : [line]));
  row.append(input, words);
  return row;
}));
const draw = () => {
  list.querySelectorAll('input').forEach(input => { input.checked = input.value === props.value; });
  chosenLine.textContent = props.options.find(option => option.name === props.value)?.line || '';
};
list.addEventListener('change', event => {
  props.value = event.target.value;
  draw();
  trigger('input');
});
watch('value', draw);
watch('options', () => { build(); draw(); });
build();
draw();
