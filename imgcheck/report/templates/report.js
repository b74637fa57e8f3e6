/* What the page does beyond plain HTML: sliders over pairs, copied text, links into folded parts. */
(function () {
  "use strict";

  document.documentElement.classList.add("js");

  function all(selector, root) {
    return Array.prototype.slice.call((root || document).querySelectorAll(selector));
  }

  function make(name, className, text) {
    var element = document.createElement(name);
    element.className = className;
    if (text) { element.textContent = text; }
    return element;
  }

  /* A pair of pictures becomes one picture with a divider that moves. */
  function slide(pair) {
    var pictures = all("img", pair);
    var figures = all("figure", pair);
    if (pictures.length !== 2) { return; }
    var stage = make("div", "slider");
    var divider = make("span", "divider");
    var control = make("input", "control");
    control.type = "range";
    control.min = "0";
    control.max = "100";
    control.step = "any";
    control.value = "50";
    var left = pair.getAttribute("data-left") || "Before";
    var right = pair.getAttribute("data-right") || "After";
    control.setAttribute("aria-label", "Position of the line between " + left.toLowerCase() +
      " (left) and " + right.toLowerCase() + " (right)");
    pictures[1].classList.add("over");
    stage.append(pictures[0], pictures[1], divider,
      make("span", "word left", left), make("span", "word right", right), control);
    figures.forEach(function (figure) { figure.classList.add("taken"); });
    pair.prepend(stage);
    pair.classList.add("sliding");
    function move() {
      var share = Number(control.value) + "%";
      pictures[1].style.clipPath = "inset(0 0 0 " + share + ")";
      divider.style.left = share;
    }
    control.addEventListener("input", move);
    move();
  }

  /* A link to something inside a folded statement unfolds it. */
  function reveal() {
    var id = decodeURIComponent(window.location.hash.slice(1));
    var target = id && document.getElementById(id);
    if (!target) { return; }
    for (var box = target; box; box = box.parentElement) {
      if (box.tagName === "DETAILS") { box.open = true; }
    }
    target.scrollIntoView();
  }

  /* A button copies the lines of one statement, or of all, with the time of the copy. */
  function copying(box) {
    var whole = box.id === "statements";
    var button = make("button", "copy", whole ? "Copy all as text" : "Copy as text");
    button.type = "button";
    button.addEventListener("click", function () {
      var when = new Date().toISOString().slice(0, 16) + "Z";
      var origin = document.getElementById("statements").dataset.copy.split("\n").pop();
      var text = box.dataset.copy + (whole ? "" : "\n" + origin) + ", copied " + when + "\n";
      navigator.clipboard.writeText(text).then(
        function () { button.textContent = "Copied"; },
        function () { window.prompt("Copy this text:", text); });
    });
    if (whole) { box.append(button); } else { box.querySelector(".body").prepend(button); }
  }

  all(".pair").forEach(slide);
  all("[data-copy]").forEach(copying);
  window.addEventListener("hashchange", reveal);
  window.addEventListener("beforeprint", function () {
    all("details").forEach(function (one) {
      one.removeAttribute("name");  /* one of a name is open at a time, on a screen */
      one.open = true;
    });
  });
  reveal();
})();
