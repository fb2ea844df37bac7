// Cards of example sounds: {cards: [{title, cell}, ...], sheet: {url}, cells}: their pictures lie side by side in one file of so
// many cells. A click triggers 'choose' with the card's index.
const draw = () => {
  const list = element.querySelector('.su-example-list');
  const { cards = [], sheet, cells } = props.value || {};
  list.replaceChildren(...cards.map((example, index) => {
    const item = document.createElement('li');
    const card = document.createElement('button');
    card.type = 'button';
    card.className = 'su-example';
    card.dataset.index = index;
    const frame = document.createElement('span');
    frame.className = 'su-example-picture';
    if (example.cell !== null) {
      const picture = document.createElement('span');
      picture.style.backgroundImage = 'url("' + sheet.url + '")';
      picture.style.backgroundSize = cells * 100 + '% 100%';
      picture.style.backgroundPosition = (cells > 1 ? 100 * example.cell / (cells - 1) : 0) + '% 0';
      frame.append(picture);
    }
    const title = document.createElement('span');
    title.className = 'su-example-title';
    title.textContent = example.title;
    card.append(frame, title);
    item.append(card);
    return item;
  }));
  element.querySelector('.su-examples').hidden = !cards.length;
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
