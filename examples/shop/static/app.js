// Says which row of the table at the foot of the page belongs to the picture under the pointer.
for (const image of document.querySelectorAll("img")) {
  image.title = new URL(image.src).pathname;
}
