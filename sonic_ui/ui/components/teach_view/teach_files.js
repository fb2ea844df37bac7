// What was understood of files: {rows: [{name, kind: "recording" | "picture", state: "good" | "doubtful" | "refused", words}, ...], reading}.
const STATE = { good: '', doubtful: 'Look again: ', refused: 'Left out: ' };
const draw = () => {
  const { rows = [], reading = '' } = props.value || {}, section = element.querySelector('.su-understood');
  section.hidden = !rows.length && !reading;
  section.querySelector('ul').replaceChildren(...rows.map(row => {
    const item = document.createElement('li'), name = document.createElement('span'), words = document.createElement('span');
    item.dataset.state = row.state;
    item.dataset.kind = row.kind;
    name.className = 'su-understood-name';
    name.textContent = row.name;
    words.textContent = STATE[row.state] + row.words;
    item.append(name, words);
    return item;
  }));
  section.querySelector('p').textContent = reading;
};
watch('value', draw);
draw();
