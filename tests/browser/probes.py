"""Questions to an open page, in JavaScript."""

#: visible texts: what is in a script, in a plot's hover text or hidden is none
_TEXTS = """
    const texts = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node; (node = walk.nextNode()); ) {
        const e = node.parentElement;
        const read = node.data.trim() && !e.closest("script, title, [hidden]") && e.checkVisibility();
        if (read) texts.push([e, node.data]);
    }
"""

#: elements that hide a part of themselves, or stick out of the window, outside of scroll containers
OVERFLOWING = """() => [...document.querySelectorAll("body *")].filter((e) => {
    if (e.closest(".scroll") && !e.matches(".scroll")) return false;
    const cut = e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== "visible";
    const sticks = e.getBoundingClientRect().right > document.documentElement.clientWidth + 1;
    return (cut && !e.matches(".scroll")) || sticks;
}).map((e) => `${e.tagName}.${e.className} ${e.textContent.slice(0, 40)}`)"""

#: elements that stick out of the paper, scroll containers or not
CUT = """() => [...document.querySelectorAll("table, svg, p, li, dd")].filter((e) =>
    e.checkVisibility() && e.getBoundingClientRect().right > document.documentElement.clientWidth + 1
).map((e) => `${e.tagName} ${e.textContent.slice(0, 40)}`)"""

#: the smallest text on the screen, in CSS pixels; an SVG's is scaled and turned with it
SMALLEST = f"""() => {{ {_TEXTS}
    return texts.map(([e, text]) => {{
        const turned = e.ownerSVGElement ? e.getScreenCTM() : {{a: 1, b: 0}};
        return [parseFloat(getComputedStyle(e).fontSize) * Math.hypot(turned.a, turned.b), text];
    }}).sort(([a], [b]) => a - b)[0];
}}"""

#: the least contrast (WCAG 2) of a text with what is behind it; also where axe-core is not sure: in plots, in
#: what is scrolled out of sight, of signs such as a triangle
LEAST_CONTRAST = f"""() => {{ {_TEXTS}
    const canvas = document.createElement("canvas").getContext("2d", {{willReadFrequently: true}});
    const luminance = (painted) => {{
        painted.forEach((colour) => {{ canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }});
        const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((v) => v / 255)
            .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    }};
    return texts.map(([e, text]) => {{
        const behind = [], style = getComputedStyle(e);
        for (let up = e; up; up = up.parentElement) behind.unshift(getComputedStyle(up).backgroundColor);
        const ink = e.ownerSVGElement ? style.fill : style.color;
        const [low, high] = [luminance(behind), luminance([...behind, ink])].sort((a, b) => a - b);
        return [(high + 0.05) / (low + 0.05), text];
    }}).sort(([a], [b]) => a - b)[0];
}}"""

#: numbers everything that the keyboard must reach, in order
NUMBER_STOPS = """() => [...document.querySelectorAll("a[href], input, summary, .scroll")]
    .filter((e) => e.checkVisibility()).map((e, i) => { e.dataset.stop = i; return String(i); })"""

#: the number of what has the focus (none on the body), and whether its outline is seen
STOP = """() => {
    const e = document.activeElement, style = getComputedStyle(e);
    return [e.dataset.stop, style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2];
}"""
