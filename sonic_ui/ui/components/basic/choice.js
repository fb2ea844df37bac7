// One of several ways, each with a line on what it does: the value is its name. props: label,
// options: [{name, title, line, note}, ...]; the note is shown of the chosen one.
const list = element.querySelector('.su-options div');
element.querySelector('legend').textContent = props.label;
list.replaceChildren(...props.options.map(option => {
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
  words.append(title, line);
  if (option.note) {
    const note = document.createElement('span');
    note.className = 'su-option-note';
    note.textContent = option.note;
    words.append(note);
  }
  row.append(input, words);
  return row;
}));
const draw = () => list.querySelectorAll('input').forEach(input => { input.checked = input.value === props.value; });
list.addEventListener('change', event => {
  props.value = event.target.value;
  trigger('input');
});
watch('value', draw);
draw();
