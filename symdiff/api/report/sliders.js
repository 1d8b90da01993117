// The page of a report: sliders for the arguments, the numbers at their values, and two pictures. PAGE has the names of
// the arguments, of those with derivatives, and the point; value_and_grad is the function that symdiff exports.
const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP, SAMPLES] = [640, 220, 64, 24, 12, 320];
const values = PAGE.at.slice();
const ranges = PAGE.at.map((_, k) => document.getElementById(`range${k}`));
const boxes = PAGE.at.map((_, k) => document.getElementById(`box${k}`));

function results(point) {
    const { value, grad } = value_and_grad(...point);
    return [value, ...PAGE.wrt.map((name) => grad[name])];
}

function over() {
    return Number(document.querySelector("input[name=over]:checked").value);
}

function add(parent, name, attributes, text = "") {
    const made = document.createElementNS(SVG, name);
    for (const [key, given] of Object.entries(attributes)) made.setAttribute(key, given);
    made.textContent = text;
    parent.append(made);
    return made;
}

function short(number) {
    return Number(number.toPrecision(4)).toString();
}

function fits(number) {
    return Math.abs(number) < 4e307; // the differences of such numbers are finite
}

function draw(picture, kind, xs, ys, x, y) {
    picture.replaceChildren();
    const finite = ys.filter(fits);
    const size = Math.max(...finite.map(Math.abs), 0);
    let [low, high] = [Math.min(...finite), Math.max(...finite)];
    if (!finite.length) [low, high] = [0, 1];
    if (high - low <= 1e-9 * size || high === low) {
        const room = size || 1; // a constant, up to rounding
        [low, high] = [low - room, high + room];
    }
    const across = (v) => LEFT + ((v - xs[0]) / (xs.at(-1) - xs[0])) * (WIDTH - LEFT - 8);
    const up = (v) => HEIGHT - BOTTOM - ((v - low) / (high - low)) * (HEIGHT - BOTTOM - TOP);
    for (const part of [0, 0.5, 1]) {
        const [v, w] = [low + part * (high - low), xs[0] + part * (xs.at(-1) - xs[0])];
        add(picture, "line", { class: "axis", x1: LEFT, x2: WIDTH - 8, y1: up(v), y2: up(v) });
        add(picture, "text", { class: "tick", x: LEFT - 6, y: up(v) + 4, "text-anchor": "end" }, short(v));
        const anchor = part === 0 ? "start" : part === 1 ? "end" : "middle";
        add(picture, "text", { class: "tick", x: across(w), y: HEIGHT - 6, "text-anchor": anchor }, short(w));
    }
    let path = "";
    xs.forEach((at, k) => {
        if (fits(ys[k])) path += `${path && fits(ys[k - 1]) ? "L" : "M"}${across(at)} ${up(ys[k])}`;
    });
    add(picture, "path", { class: `curve ${kind}`, d: path });
    if (fits(y)) add(picture, "circle", { class: `dot ${kind}`, cx: across(x), cy: up(y), r: 5 });
}

function update() {
    results(values).forEach((found, k) => {
        document.getElementById(`result${k}`).value = String(found);
    });
    const k = over();
    const partial = 1 + PAGE.wrt.indexOf(PAGE.names[k]);
    const [low, high] = [Number(ranges[k].min), Number(ranges[k].max)];
    const xs = Array.from({ length: SAMPLES + 1 }, (_, i) => low + (i / SAMPLES) * (high - low));
    const found = xs.map((x) => results(values.with(k, x)));
    const here = results(values);
    draw(document.getElementById("curve"), "value", xs, found.map((one) => one[0]), values[k], here[0]);
    const slope = document.getElementById("slope");
    slope.closest("figure").hidden = partial === 0;
    if (partial) draw(slope, "slope", xs, found.map((one) => one[partial]), values[k], here[partial]);
    for (const label of document.querySelectorAll(".over")) label.textContent = PAGE.names[k];
}

function set(k, number, from) {
    if (!Number.isFinite(number)) return;
    values[k] = number;
    if (number < Number(ranges[k].min)) ranges[k].min = number;
    if (number > Number(ranges[k].max)) ranges[k].max = number;
    if (from !== ranges[k]) ranges[k].value = number;
    if (from !== boxes[k]) boxes[k].value = number;
    update();
}

PAGE.at.forEach((_, k) => {
    ranges[k].addEventListener("input", () => set(k, Number(ranges[k].value), ranges[k]));
    boxes[k].addEventListener("input", () => boxes[k].value.trim() && set(k, Number(boxes[k].value), boxes[k]));
});
for (const choice of document.querySelectorAll("input[name=over]")) choice.addEventListener("change", update);
document.getElementById("reset").addEventListener("click", () => PAGE.at.forEach((at, k) => set(k, at, null)));
update();
