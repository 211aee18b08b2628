// What the page can do without (脚本可有可无): a form is not sent twice, and a refusal that htmx gets is shown.
document.addEventListener("submit", function (event) {
  var buttons = event.target.querySelectorAll("button");
  setTimeout(function () { buttons.forEach(function (b) { b.disabled = true; }); }, 0);
});
window.addEventListener("pageshow", function (event) {
  if (event.persisted) location.reload();
});
document.addEventListener("htmx:responseError", function (event) {
  var page = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  var told = page.querySelector(".problem");
  var place = event.detail.target && event.detail.target.querySelector(".answering");
  if (!place) { location.reload(); return; }
  var line = document.createElement("p");
  line.className = "problem";
  line.setAttribute("role", "alert");
  line.textContent = told ? told.textContent : "没有办成，请刷新后再试";
  place.prepend(line);
  place.querySelectorAll("button").forEach(function (b) { b.disabled = false; });
});
