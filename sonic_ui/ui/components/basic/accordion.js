// Opens and closes what stands beside it in its `su-fold`: {title}. What is folded away is there all the same, so
// that nothing which was typed into it is lost, or overwritten by values that come while it opens.
const button = element.querySelector('.su-fold-button');
element.querySelector('.su-fold-name').textContent = props.value.title;
button.addEventListener('click', () => {
  const open = button.getAttribute('aria-expanded') !== 'true';
  button.setAttribute('aria-expanded', String(open));
  element.closest('.su-fold').dataset.open = String(open);
  if (open) trigger('unfold');
});
