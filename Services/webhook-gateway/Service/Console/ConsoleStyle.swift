/// The console's style: light and dark, readable at any width.
enum ConsoleStyle {
    static let css = """
        :root {
          color-scheme: light dark;
          --ground: #f6f7f9; --card: #fff; --ink: #1b2430; --soft: #566274; --line: #dde2e9; --accent: #0b5cad;
          --good: #12683b; --good-ground: #e2f4e9; --bad: #a5181f; --bad-ground: #fde7e7;
          --unsure: #7a4b00; --unsure-ground: #fdf0d6; --wait: #3f4c5f; --wait-ground: #e9edf2;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #10151c; --card: #18202a; --ink: #e8edf4; --soft: #9fadbf; --line: #2c3846; --accent: #7cb8ff;
            --good: #79dba4; --good-ground: #143323; --bad: #ff9a9a; --bad-ground: #431a1d;
            --unsure: #f3c878; --unsure-ground: #3b2c0e; --wait: #b6c2d2; --wait-ground: #263140;
          }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
        header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; padding: 1rem 1.5rem;
          background: var(--card); border-bottom: 1px solid var(--line); }
        h1 { font-size: 1.35rem; margin: 0; letter-spacing: .01em; }
        h2 { font-size: 1.1rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
        h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
        .tagline { color: var(--soft); margin: 0; flex: 1; }
        .live { margin: 0; color: var(--soft); font-size: .875rem; }
        .live::before { content: ""; display: inline-block; width: .6rem; height: .6rem; border-radius: 50%;
          margin-right: .4rem; background: var(--soft); }
        .live.on::before { background: #2eb872; }
        main { padding: 1.25rem 1.5rem; max-width: 110rem; margin: 0 auto; }
        .gate { max-width: 34rem; margin: 8vh auto; background: var(--card); border: 1px solid var(--line);
          border-radius: .75rem; padding: 1.5rem; }
        .gate form { display: grid; gap: .5rem; }
        input, button { font: inherit; color: inherit; border-radius: .5rem; border: 1px solid var(--line);
          background: var(--card); padding: .5rem .75rem; }
        button { cursor: pointer; }
        button[type=submit] { background: var(--accent); border-color: var(--accent); color: var(--card); font-weight: 600; }
        :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
        .error { color: var(--bad); }
        .counts { display: flex; flex-wrap: wrap; gap: .5rem; margin-bottom: 1rem; }
        .counts button { display: flex; gap: .6rem; align-items: baseline; }
        .counts button strong { font-size: 1.15rem; }
        .counts button[aria-pressed=true] { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }
        #search-form { margin-bottom: 1rem; }
        #search { width: min(30rem, 100%); }
        .columns { display: flex; gap: 1.25rem; align-items: flex-start; }
        #images { flex: 1 1 60%; min-width: 0; overflow-x: auto; background: var(--card); border: 1px solid var(--line);
          border-radius: .75rem; }
        table { width: 100%; border-collapse: collapse; }
        th { text-align: left; font-size: .8125rem; color: var(--soft); font-weight: 600; }
        th, td { padding: .55rem .75rem; border-bottom: 1px solid var(--line); vertical-align: top; }
        tbody tr:last-child td { border-bottom: 0; }
        tbody tr:hover, tbody tr.chosen { background: color-mix(in srgb, var(--accent) 8%, transparent); }
        td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
        #rows td:first-child { min-width: 13rem; }
        td.why { max-width: 34rem; }
        td.when { white-space: nowrap; color: var(--soft); }
        .name { border: 0; background: none; padding: 0; text-align: left; color: var(--accent); font-weight: 600;
          overflow-wrap: anywhere; }
        .name:hover { text-decoration: underline; }
        .digest { color: var(--soft); font: .8125rem ui-monospace, monospace; overflow-wrap: anywhere; }
        .badge { display: inline-block; padding: .1rem .6rem; border-radius: 1rem; font-size: .875rem; font-weight: 600;
          white-space: nowrap; color: var(--wait); background: var(--wait-ground); }
        .badge.compliant { color: var(--good); background: var(--good-ground); }
        .badge.non-compliant, .badge.critical, .badge.high { color: var(--bad); background: var(--bad-ground); }
        .badge.undetermined, .badge.not-found, .badge.medium { color: var(--unsure); background: var(--unsure-ground); }
        .severities { display: flex; flex-wrap: wrap; gap: .25rem; }
        .severities .badge { font-size: .75rem; }
        .empty { padding: 2rem; text-align: center; color: var(--soft); }
        #more { margin: .75rem; }
        #details { flex: 1 1 40%; min-width: 22rem; background: var(--card); border: 1px solid var(--line);
          border-radius: .75rem; padding: 1rem 1.25rem; position: sticky; top: 1rem; max-height: calc(100vh - 2rem);
          overflow: auto; }
        .details-head { display: flex; gap: 1rem; justify-content: space-between; align-items: flex-start; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: .5rem 0; }
        dt { color: var(--soft); }
        dd { margin: 0; overflow-wrap: anywhere; }
        ul { padding-left: 1.2rem; margin: .25rem 0; }
        #details table { font-size: .875rem; }
        #details th, #details td { padding: .3rem .5rem .3rem 0; }
        .quiet { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
        .skip { position: absolute; left: -999rem; }
        .skip:focus { left: 1rem; top: 1rem; background: var(--card); padding: .5rem 1rem; }
        [hidden] { display: none !important; }
        @media (max-width: 100rem) {
          /* Beside the details there is room for the names and the verdicts; the details say why. */
          .columns:has(#details:not([hidden])) :is(#rows td.why, #rows td.number, #rows td.when,
            #images th:nth-child(3), #images th:nth-child(5), #images th:nth-child(6)) { display: none; }
        }
        @media (max-width: 60rem) {
          .columns { flex-direction: column; }
          #images, #details { width: 100%; min-width: 0; }
          #details { position: static; max-height: none; order: -1; }
          td.when, thead th:last-child { display: none; }
        }
        @media (max-width: 44rem) {
          /* A row becomes a card: the name and its verdict, below them why and what was found. */
          .tagline { display: none; }
          .live { flex: 1; }
          #images thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
          #rows tr { display: grid; grid-template-columns: minmax(0, 1fr) max-content; gap: .3rem .75rem;
            padding: .75rem; border-bottom: 1px solid var(--line); }
          #rows td { display: block; min-width: 0; padding: 0; border: 0; }
          #rows td:first-child { min-width: 0; }
          #rows td:nth-child(2) { text-align: right; }
          #rows td.why, #rows td:nth-child(4) { grid-column: 1 / -1; }
          #rows td.number, #rows td.when, #rows td:empty { display: none; }
          #details table { display: block; overflow-x: auto; }
        }
        """
}
