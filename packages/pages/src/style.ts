import type { Accent } from "./colour.ts";

/** The one style sheet. Directions are logical, so that it serves both ways of writing; sizes follow the reader's own text size. */
export const toStyle = ({ fill, onFill, onLight, onDark }: Accent): string => `:root{
color-scheme:light dark;
--ground:#f3f1ec;--surface:#fff;--ink:#1c1b18;--quiet:#5a574f;--line:#dcd8cf;--edge:#857f73;
--fill:${fill};--on-fill:${onFill};--accent:${onLight};
--bad:#a1241b;--bad-ground:#fcecea;--good:#17603a;--good-ground:#e6f4ea;
}
@media (prefers-color-scheme:dark){:root{
--ground:#141412;--surface:#1e1e1b;--ink:#f2f0ea;--quiet:#b0aca1;--line:#38362f;--edge:#858074;
--accent:${onDark};--bad:#ffb3aa;--bad-ground:#3b1714;--good:#93dcae;--good-ground:#13311f;
}}
*{box-sizing:border-box}
html{font:100%/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Noto Sans Arabic","Noto Sans Devanagari",sans-serif;-webkit-text-size-adjust:100%}
body{margin:0;min-block-size:100vh;min-block-size:100svh;display:flex;flex-direction:column;background:var(--ground);color:var(--ink)}
h1,h2,p,ul,dl,dd,form,fieldset{margin:0;padding:0;border:0}
ul{list-style:none}
h1{font-size:1.625rem;line-height:1.2;font-weight:680;letter-spacing:-.02em;text-wrap:balance}
h2{font-size:1.0625rem;line-height:1.35;font-weight:650;text-wrap:balance}
:lang(ar) h1,:lang(hi) h1{letter-spacing:0;line-height:1.4}
a{color:var(--accent);text-underline-offset:.2em;text-decoration-thickness:.0625em}
a:hover{text-decoration-thickness:.125em}
:focus-visible{outline:.1875rem solid var(--accent);outline-offset:.125rem}
.top{padding:1.25rem 1.25rem 0;display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;justify-content:space-between}
.leave{font:inherit;font-size:.9375rem;font-weight:550;color:var(--quiet);background:none;border:0;min-block-size:2.75rem;padding-inline:.75rem;margin-inline-end:-.75rem;border-radius:.5rem;cursor:pointer}
.leave:hover{color:var(--ink)}
.card .leave{margin-inline:-.75rem}
.brand{display:inline-flex;align-items:center;gap:.625rem;min-block-size:2.5rem;color:var(--ink);font-weight:680;font-size:1.0625rem;letter-spacing:-.01em;text-decoration:none}
.brand img{block-size:2rem;inline-size:auto;max-inline-size:10rem}
.mark{inline-size:2rem;block-size:2rem;border-radius:.5625rem;background:var(--fill);color:var(--on-fill);display:grid;place-items:center;font-weight:700;letter-spacing:0}
main{flex:1;inline-size:100%;padding:1.75rem 1.25rem 2.5rem}
.stack{display:grid;gap:1.25rem}
.tight{display:grid;gap:.375rem}
.lead,.quiet{color:var(--quiet)}
.lead{text-wrap:pretty;overflow-wrap:anywhere}
.name{font-weight:620;color:var(--ink)}
.small{font-size:.875rem}
.field{display:grid;gap:.375rem;align-content:start}
label,legend,.label{font-weight:600;font-size:.9375rem}
.hint{color:var(--quiet);font-size:.875rem}
input:not([type=checkbox]),select{font:inherit;color:inherit;background:var(--surface);inline-size:100%;min-block-size:3rem;padding:.625rem .875rem;border:.0625rem solid var(--edge);border-radius:.625rem}
select{appearance:none;padding-inline-end:2.5rem;background:var(--surface) url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 12 8'%3E%3Cpath d='m1 1 5 5 5-5' fill='none' stroke='%23857f73' stroke-width='2'/%3E%3C/svg%3E") right .875rem center/.75rem no-repeat}
[dir=rtl] select{background-position:left .875rem center}
input:not([type=checkbox]):focus-visible,select:focus-visible{outline-offset:-.0625rem;border-color:var(--accent)}
input[readonly]{background:none!important;border-color:var(--line);color:var(--quiet)}
input[aria-invalid=true],input[aria-invalid=true]:focus-visible{border-color:var(--bad);border-inline-start-width:.25rem}
input[inputmode=numeric].code{font-size:1.5rem;letter-spacing:.3em;text-align:center;direction:ltr;font-variant-numeric:tabular-nums}
input[dir=ltr]:placeholder-shown{text-align:start}
.fault{color:var(--bad);font-size:.875rem;font-weight:550}
.check{display:flex;gap:.75rem;align-items:center;min-block-size:2.75rem}
.check label{font-weight:450}
.check input{inline-size:1.375rem;block-size:1.375rem;margin:0;flex:none;accent-color:var(--fill)}
.with{position:relative}
.with input{padding-inline-end:5.5rem}
.peek{position:absolute;inset-block:.3125rem;inset-inline-end:.3125rem;border:0;background:none;font:inherit;font-size:.875rem;font-weight:600;color:var(--accent);padding-inline:.75rem;border-radius:.5rem;cursor:pointer}
.button{display:inline-flex;align-items:center;justify-content:center;font:inherit;font-weight:620;text-decoration:none;text-align:center;text-wrap:balance;min-block-size:3rem;padding:.625rem 1.25rem;border-radius:.625rem;border:.0625rem solid transparent;background:var(--fill);color:var(--on-fill);cursor:pointer}
.button:hover{filter:brightness(1.08)}
.button:active{transform:translateY(.0625rem)}
.button[aria-disabled=true]{opacity:.65;cursor:progress}
.button:disabled{opacity:.55;cursor:default;filter:none;transform:none}
.row{display:flex;flex-wrap:wrap;gap:.75rem;align-items:end}
.rows .row{margin-block-start:.75rem}
.qr{inline-size:11rem;max-inline-size:100%;block-size:auto;border-radius:.5rem;justify-self:center;forced-color-adjust:none}
.strong{font-weight:620}
.codes{list-style:none;margin:0;padding:0;display:grid;gap:.875rem 2rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,23rem),1fr))}
.panel code{justify-self:start}
.codes code{display:block;font-size:1.0625rem;line-height:1.35}
.wide{inline-size:100%}
.second{background:var(--surface);color:var(--ink);border-color:var(--edge)}
.second:hover{filter:none;border-color:var(--ink)}
.danger{background:none;color:var(--bad);border-color:var(--bad)}
.slim{min-block-size:2.5rem;padding:.375rem .875rem;font-size:.9375rem}
.notice{border-radius:.625rem;padding:.75rem 1rem;border:.0625rem solid;border-inline-start-width:.25rem;font-weight:500;text-wrap:pretty}
.notice.bad{color:var(--bad);background:var(--bad-ground)}
.notice.good{color:var(--good);background:var(--good-ground)}
.foot{padding:1rem 1.25rem 1.5rem;color:var(--quiet);font-size:.875rem}
.tongues{display:flex;flex-wrap:wrap;gap:0 1rem}
.tongues a,.tongues span{display:inline-block;padding-block:.3125rem;color:inherit;text-decoration:none}
.tongues a:hover{text-decoration:underline}
.tongues [aria-current]{color:var(--ink);font-weight:620}
.line{border:0;border-block-start:.0625rem solid var(--line);margin:0;inline-size:100%}
.aside{display:flex;justify-content:space-between;flex-wrap:wrap;gap:.375rem 1rem}
.aside a:not(.button),.inline{display:inline-block;padding-block:.125rem}
summary{display:flex;align-items:center;justify-content:space-between;gap:.75rem;min-block-size:3rem;padding:.625rem 1rem;border:.0625rem solid var(--line);border-radius:.625rem;background:var(--surface);font-weight:620;cursor:pointer}
summary::-webkit-details-marker{display:none}
summary::after{content:"";flex:none;inline-size:.5rem;block-size:.5rem;border:solid var(--quiet);border-width:0 .125rem .125rem 0;transform:translateY(-.125rem) rotate(45deg)}
[open]>summary::after{transform:translateY(.125rem) rotate(225deg)}
.account main nav ul{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(9rem,100%),1fr));gap:.25rem;padding-block-start:.5rem}
.account main nav a{display:block;min-block-size:2.75rem;padding:.5625rem .75rem;border-radius:.5rem;color:var(--quiet);font:inherit;font-weight:550;text-decoration:none;border:0;background:none;cursor:pointer;text-align:start}
.account main nav a:hover{color:var(--ink)}
.account main nav [aria-current]{color:var(--ink);background:var(--surface);box-shadow:0 0 0 .0625rem var(--line)}
.account main nav{margin-block-end:1.5rem}
.empty{padding:2.5rem 1.25rem!important;text-align:center;color:var(--quiet)}
.panel{background:var(--surface);border:.0625rem solid var(--line);border-radius:1rem;padding:1.25rem}
.pair{display:grid;gap:1.25rem}
.plain{list-style:disc;padding-inline-start:1.25rem;display:grid;gap:.5rem}
.rows>li{display:flex;gap:.75rem 1rem;align-items:center;justify-content:space-between;flex-wrap:wrap;padding-block:1rem;border-block-start:.0625rem solid var(--line)}
.rows>li:first-child{border:0;padding-block-start:0}
.rows>li:last-child{padding-block-end:0}
.rows>li>div{flex:1 1 14rem;min-inline-size:0;overflow-wrap:anywhere}
.tag{display:inline-block;font-size:.8125rem;font-weight:620;color:var(--good);background:var(--good-ground);border-radius:1rem;padding:.0625rem .625rem}
.rows strong{margin-inline-end:.375rem}
.facts{display:grid;gap:.75rem}
.facts dt{color:var(--quiet);font-size:.875rem}
.facts dd{font-weight:550;overflow-wrap:anywhere}
code{font-family:ui-monospace,SFMono-Regular,Consolas,monospace;font-size:.9375em;overflow-wrap:anywhere;user-select:all}
.entry{max-inline-size:27rem;margin-inline:auto}
@media (min-width:40rem){
.top{padding:1.75rem 2rem 0}
.foot{padding:1.25rem 2rem 1.75rem}
.entry main{display:grid;align-content:center;padding-block:2rem 3rem}
.card{background:var(--surface);border:.0625rem solid var(--line);border-radius:1.25rem;padding:2.25rem;box-shadow:0 1.5rem 3rem -2rem rgb(0 0 0/.18)}
.card input:not([type=checkbox]){background:var(--surface)}
.panel{padding:1.75rem}
.pair{grid-template-columns:1fr 1fr}
.facts{grid-template-columns:repeat(3,auto);justify-content:start;gap:.75rem 3rem}
}
.entry main>*{inline-size:100%;max-inline-size:27rem;margin-inline:auto}
.entry{max-inline-size:none}
.account .top,.account .foot,.account main{inline-size:100%;max-inline-size:62rem;margin-inline:auto}
.gallery main{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(24rem,100%),1fr));gap:2rem;align-items:start}
.gallery main>.tight{grid-column:1/-1}
@media (min-width:56rem){
.account main{display:grid;grid-template-columns:12rem minmax(0,1fr);gap:3rem;align-items:start}
.account main nav{margin:0}
@supports selector(::details-content){
nav details::details-content{content-visibility:visible;block-size:auto}
nav summary{display:none}
.account main nav ul{grid-template-columns:1fr;padding:0;margin-inline:-.75rem 0}
}
}
@media (forced-colors:active){select{appearance:auto}.button,.notice,.panel,.card,.tag,summary,.account main nav [aria-current]{border:.0625rem solid}.account main nav [aria-current]{outline:.125rem solid}}
@media (prefers-reduced-motion:reduce){*{transition:none;animation:none}.button:active{transform:none}}
@media print{.foot,nav,.leave,.button{display:none}}
`;
