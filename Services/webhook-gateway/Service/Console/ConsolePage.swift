/// The console's page: read only, one list, one panel of details. It is filled by `ConsoleScript`.
enum ConsolePage {
    static let html = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>Pratique</title>
        <link rel="icon" href="data:,">
        <link rel="stylesheet" href="console.css">
        <script src="console.js" defer></script>
        </head>
        <body>
        <a class="skip" href="#images">Skip to the images</a>
        <header>
          <h1>Pratique</h1>
          <p class="tagline">Every image found, inventoried and judged.</p>
          <p id="live" class="live" role="status" aria-live="polite">not connected</p>
          <button id="sign-out" type="button" hidden>Forget the token</button>
        </header>
        <main>
          <section id="gate" class="gate" aria-labelledby="gate-title" hidden>
            <h2 id="gate-title">Who is asking?</h2>
            <p>This page shows what your access token may see. The token stays in this tab and is forgotten with it.</p>
            <form id="token-form" autocomplete="off">
              <label for="token">Access token</label>
              <input id="token" type="password" required spellcheck="false" autocomplete="off" placeholder="pratique_…">
              <button type="submit">Show the images</button>
            </form>
            <p id="gate-error" class="error" role="alert"></p>
          </section>
          <section id="board" hidden>
            <p id="notice" class="error" role="alert" hidden></p>
            <p id="alarms" class="error" role="alert" hidden></p>
            <div id="counts" class="counts" role="group" aria-label="Filter by status"></div>
            <form id="search-form" role="search">
              <label for="search" class="quiet">Search names</label>
              <input id="search" type="search" placeholder="Search names, such as team/app" spellcheck="false">
            </form>
            <div class="columns">
              <div id="images" tabindex="-1">
                <table>
                  <caption class="quiet">Images and their verdicts</caption>
                  <thead><tr>
                    <th scope="col">Image</th><th scope="col">Verdict</th><th scope="col">Why</th>
                    <th scope="col">Findings</th><th scope="col" class="number">Packages</th><th scope="col">Judged</th>
                  </tr></thead>
                  <tbody id="rows"></tbody>
                </table>
                <p id="empty" class="empty" hidden></p>
                <button id="more" type="button" hidden>Show more</button>
                <p id="full" class="empty" hidden>No more than 2,000 images are shown. Search for the others.</p>
              </div>
              <aside id="details" aria-labelledby="details-title" tabindex="-1" hidden>
                <div class="details-head">
                  <h2 id="details-title"></h2>
                  <button id="close" type="button" aria-label="Close the details">Close</button>
                </div>
                <div id="details-body"></div>
              </aside>
            </div>
          </section>
        </main>
        <noscript><p class="error">This page needs JavaScript. The same answers are in the REST API and in <code>pratique images</code>.</p></noscript>
        </body>
        </html>
        """
}
