// Cards of example sounds: [{title, picture: {url} | null}, ...]; a click triggers 'choose' with the card's index.
const draw = () => {
  const list = element.querySelector('.su-example-list');
  list.replaceChildren(...(props.value || []).map((example, index) => {
    const item = document.createElement('li');
    const card = document.createElement('button');
    card.type = 'button';
    card.className = 'su-example';
    card.dataset.index = index;
    const frame = document.createElement('span');
    frame.className = 'su-example-picture';
    if (example.picture) {
      const picture = document.createElement('img');
      picture.src = example.picture.url;
      picture.alt = '';
      picture.loading = 'lazy';
      frame.append(picture);
    }
    const title = document.createElement('span');
    title.className = 'su-example-title';
    title.textContent = example.title;
    card.append(frame, title);
    item.append(card);
    return item;
  }));
  element.querySelector('.su-examples').hidden = !(props.value || []).length;
};
element.addEventListener('click', event => {
  const card = event.target.closest('.su-example');
  if (!card) return;
  element.querySelectorAll('.su-example').forEach(other => other.removeAttribute('aria-current'));
  card.setAttribute('aria-current', 'true');
  trigger('choose', { index: Number(card.dataset.index) });
});
document.addEventListener('su-new-sound', event => {
  if (event.detail !== props.view) return;
  element.querySelectorAll('.su-example').forEach(card => card.removeAttribute('aria-current'));
});
watch('value', draw);
draw();
