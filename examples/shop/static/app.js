// Lists the URLs of the page's assets, so that the demo shows what the registry answered.
const table = document.getElementById("assets");
for (const element of document.querySelectorAll("link[href], script[src], img[src]")) {
  const row = table.insertRow();
  const url = new URL(element.href || element.src);
  row.insertCell().textContent = url.pathname + url.search;
}
