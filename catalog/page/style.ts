/** The page's style sheet. It has no other resource: no script, no font, no image. */
import { maxColumns } from './lineage-drawing.ts';
import { widthOf } from './lineage-layout.ts';

/** A drawing shrinks to the page's width, but not below half of its size: then its frame scrolls. */
const drawingWidths = Array.from(
  { length: maxColumns },
  (_, index) => `.columns-${index + 1} { min-width: ${widthOf(index + 1) / 2}px; }`,
).join('\n');

/** The whole style sheet, as CSS. */
export const styleSheet = `
:root { color-scheme: light dark; --ink: #1d2733; --soft: #5b6875; --line: #d9e0e7; --page: #f6f8fa; --card: #fff;
  --accent: #0b66c3; --data: #e7f0fb; --process: #fdf1dc; --gone: #f3d9d9; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4eaf0; --soft: #9aa7b4; --line: #33404d; --page: #12181f; --card: #1a222b; --accent: #6db3ff;
    --data: #1d3248; --process: #42351c; --gone: #4a2929; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
header { background: var(--card); border-bottom: 1px solid var(--line); }
header div, main { max-width: 70rem; margin: 0 auto; padding: 1rem 1.25rem; }
header div { display: flex; flex-wrap: wrap; gap: .75rem 1.5rem; align-items: center; }
header a { font-weight: 650; font-size: 1.1rem; color: var(--ink); text-decoration: none; }
form { margin-left: auto; display: flex; gap: .5rem; flex: 1 1 18rem; max-width: 30rem; }
input { flex: 1; min-width: 0; padding: .45rem .7rem; border: 1px solid var(--line); border-radius: .4rem; background: var(--page); color: inherit; font: inherit; }
button { padding: .45rem .9rem; border: 0; border-radius: .4rem; background: var(--accent); color: var(--card); font: inherit; }
a { color: var(--accent); }
h1 { font-size: 1.4rem; margin: .5rem 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 1.75rem 0 .6rem; }
p, .name { color: var(--soft); margin: .2rem 0; overflow-wrap: anywhere; }
.columns { display: grid; grid-template-columns: minmax(14rem, 1fr) 2fr; gap: 0 2rem; align-items: start; }
@media (max-width: 45rem) { .columns { grid-template-columns: 1fr; } }
table { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line); border-radius: .4rem; }
th, td { text-align: left; padding: .4rem .7rem; border-top: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; font-weight: 400; }
tr:first-child > * { border-top: 0; }
th { color: var(--soft); width: 35%; }
td.value { white-space: pre-wrap; }
td.count { text-align: right; font-variant-numeric: tabular-nums; width: 5rem; }
.counts th { width: auto; color: inherit; }
.drawing { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: .4rem; }
svg { display: block; max-width: 100%; height: auto; margin: 0 auto; }
${drawingWidths}
svg text { font: 15px system-ui, sans-serif; fill: var(--ink); }
svg .kind { font-size: 12px; fill: var(--soft); }
svg rect { stroke: var(--line); fill: var(--data); }
svg .process rect { fill: var(--process); }
svg .gone rect { fill: var(--gone); stroke-dasharray: 4 3; }
svg .here rect { stroke: var(--accent); stroke-width: 5; }
svg .here text:not(.kind) { font-weight: 700; }
svg .flow { fill: none; stroke: var(--soft); stroke-width: 1.4; }
svg .tip { fill: var(--soft); }
`;
