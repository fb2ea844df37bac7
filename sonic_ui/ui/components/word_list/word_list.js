// Words that were learned: {words: [{name, tag, detail, file: {url}}, ...]}. Sends 'appear' once it stands, and 'remove' {word}.
// props: note, a line about where they are kept.
const rows = element.querySelector('.su-word-rows'), live = element.querySelector('.su-live');
const make = (tag, className, text) => {
  const node = document.createElement(tag);
  node.className = className;
  if (text) node.textContent = text;
  return node;
};
const button = (words, label, act) => {
  const node = make('button', 'su-action', words);
  node.type = 'button';
  node.setAttribute('aria-label', label);
  node.addEventListener('click', act);
  return node;
};
const row = word => {
  const item = make('li', 'su-word-row');
  const words = make('span', 'su-word-words');
  words.append(make('code', 'su-word-tag', word.tag), make('span', 'su-word-detail', word.detail));
  const actions = make('span', 'su-word-actions');
  actions.append(button('Copy', `Copy ${word.tag}`, async () => {
    try {
      await navigator.clipboard.writeText(word.tag);
      live.textContent = `${word.tag} is copied: paste it into the words of any tab.`;
    } catch { live.textContent = `Write ${word.tag} into the words of any tab.`; }
  }));
  if (word.file) {
    const link = make('a', 'su-action', 'Download');
    link.href = word.file.url;
    link.download = word.name + '.safetensors';
    link.setAttribute('aria-label', `Download ${word.tag}`);
    actions.append(link);
  }
  actions.append(button('Remove', `Remove ${word.tag}`, () => trigger('remove', { word: word.name })));
  item.append(words, actions);
  return item;
};
const draw = () => {
  const words = props.value?.words || [];
  rows.replaceChildren(...words.map(row));
  element.querySelector('.su-word-empty').hidden = words.length > 0;
  element.querySelector('.su-word-note').textContent = words.length ? props.note : '';
};
watch('value', draw);
draw();
trigger('appear', {});
