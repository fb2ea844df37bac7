// What is heard, or seen: {waiting, labels: [{name, share}, ...]} with share in 0 to 1.
const WORTH_A_ROW = 0.01;
const draw = () => {
  const value = props.value || {};
  const labels = (value.labels || []).filter((label, index) => !index || label.share >= WORTH_A_ROW);
  element.querySelector('.su-labels').hidden = !labels.length && !value.waiting;
  element.querySelector('.su-labels-wait').textContent = value.waiting || '';
  element.querySelector('ul').replaceChildren(...labels.map(label => {
    const percent = Math.round(label.share * 100);
    const item = document.createElement('li');
    const name = document.createElement('span');
    name.className = 'su-label-name';
    name.textContent = label.name;
    const bar = document.createElement('span');
    bar.className = 'su-label-bar';
    bar.setAttribute('aria-hidden', 'true');
    const fill = document.createElement('span');
    fill.style.width = Math.max(1, percent) + '%';
    bar.append(fill);
    const share = document.createElement('span');
    share.className = 'su-label-share';
    share.textContent = percent + ' %';
    item.append(name, bar, share);
    return item;
  }));
};
element.querySelector('h2').textContent = props.title;
watch('value', draw);
draw();
