/* What the page does beyond plain HTML: sliders over pairs, folding, links into folded parts. */
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

  function folding(chapter) {
    var statements = all("details.statement", chapter);
    if (statements.length < 2) { return; }
    var button = make("button", "fold", "Open all");
    button.type = "button";
    button.addEventListener("click", function () {
      var open = statements.some(function (one) { return !one.open; });
      statements.forEach(function (one) { one.open = open; });
      button.textContent = open ? "Close all" : "Open all";
    });
    chapter.insertBefore(button, statements[0]);
  }

  all(".pair").forEach(slide);
  all("#statements").forEach(folding);
  window.addEventListener("hashchange", reveal);
  window.addEventListener("beforeprint", function () {
    all("details").forEach(function (one) { one.open = true; });
  });
  reveal();
})();
