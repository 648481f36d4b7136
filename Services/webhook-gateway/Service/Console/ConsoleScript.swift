/// The console's script. Everything that comes from images is put into the page as text, never as markup.
enum ConsoleScript {
    static let javaScript = #"""
        "use strict";

        const api = "api/v1/";
        const tokenKey = "pratique-token";
        const rowsMax = 2000;
        const statuses = [
          ["", "All"], ["compliant", "Compliant"], ["non-compliant", "Non-compliant"], ["undetermined", "Undetermined"],
          ["pending", "Pending"], ["not-pushed", "Not pushed"], ["not-found", "Not found"],
        ];
        const severities = ["critical", "high", "medium", "low", "negligible", "unknown"];
        const find = (id) => document.getElementById(id);
        const state = {
          status: "", search: "", next: null, images: new Map(), chosen: null, stream: null, lastEvent: null,
          // Answers that were overtaken are thrown away; `told` is what events said since the last one was asked for.
          loads: 0, counts: 0, details: 0, signIns: 0, told: new Map(),
        };

        /** An element with its class and its content, which is text or other elements. */
        function make(tag, className, ...content) {
          const element = document.createElement(tag);
          if (className) element.className = className;
          for (const part of content) element.append(part);
          return element;
        }

        class Refused extends Error {}

        async function ask(path, options = {}) {
          const token = sessionStorage.getItem(tokenKey);
          const headers = { Authorization: `Bearer ${token}`, ...(options.headers || {}) };
          const answer = await fetch(api + path, { ...options, headers });
          if (answer.status === 401) throw new Refused("The token is unknown or has expired.");
          if (!answer.ok) {
            const problem = await answer.json().catch(() => ({}));
            throw new Error(problem.detail || problem.title || `The server answered ${answer.status}.`);
          }
          return answer;
        }

        function label(status) {
          return (statuses.find(([key]) => key === status) || [null, status])[1];
        }

        function when(text) {
          if (!text) return "";
          const seconds = Math.round((Date.parse(text) - Date.now()) / 1000);
          const units = [["day", 86400], ["hour", 3600], ["minute", 60]];
          const format = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
          for (const [unit, size] of units) {
            if (Math.abs(seconds) >= size) return format.format(Math.round(seconds / size), unit);
          }
          return "just now";
        }

        // The list

        function severityBadges(counts) {
          const box = make("span", "severities");
          for (const severity of severities) {
            const count = counts[severity] || 0;
            if (count > 0) box.append(make("span", `badge ${severity}`, `${count} ${severity}`));
          }
          return box;
        }

        function rowOf(image) {
          const button = make("button", "name", image.name);
          button.type = "button";
          button.addEventListener("click", () => choose(image.name));
          const name = make("td", "", button);
          if (image.digest) name.append(make("div", "digest", image.digest.slice(0, 19)));
          const verdict = make("td", "", make("span", `badge ${image.status}`, label(image.status)));
          if (image.previous && image.status === "pending") {
            verdict.append(make("div", "digest", `before: ${image.previous}`));
          }
          const reasons = image.reasons || [];
          const more = reasons.length > 1 ? ` (and ${reasons.length - 1} more)` : "";
          const judged = make("td", "when", when(image.judgedAt));
          if (image.judgedAt) judged.title = image.judgedAt;
          const row = make("tr", state.chosen === image.name ? "chosen" : "", name, verdict,
            make("td", "why", (reasons[0] || "") + more), make("td", "", severityBadges(image.counts)),
            make("td", "number", image.packages ? String(image.packages) : ""), judged);
          row.dataset.name = image.name;
          return row;
        }

        function visible(image) {
          if (image.restorableUntil) return false;
          if (state.status && image.status !== state.status) return false;
          return !state.search || image.name.toLowerCase().includes(state.search.toLowerCase());
        }

        function showEmpty() {
          const empty = find("empty");
          empty.hidden = find("rows").childElementCount > 0;
          empty.textContent = state.status || state.search
            ? "No image matches."
            : "No images yet. Push one, or register one with “pratique images register”.";
        }

        function put(image) {
          const rows = find("rows");
          const old = rows.querySelector(`tr[data-name="${CSS.escape(image.name)}"]`);
          state.images.set(image.name, image);
          if (!visible(image)) { if (old) old.remove(); state.images.delete(image.name); return; }
          const row = rowOf(image);
          if (old) {
            const hadFocus = old.contains(document.activeElement);
            old.replaceWith(row);
            if (hadFocus) row.querySelector("button").focus();
            return;
          }
          // In the order of names, as the server lists them; beyond the page shown it comes with "Show more".
          const after = [...rows.children].find((other) => other.dataset.name > image.name);
          if (!after && (state.next !== null || rows.childElementCount >= rowsMax)) return;
          rows.insertBefore(row, after || null);
          if (rows.childElementCount > rowsMax) drop(rows.lastElementChild.dataset.name);
        }

        function drop(name) {
          state.images.delete(name);
          const old = find("rows").querySelector(`tr[data-name="${CSS.escape(name)}"]`);
          if (old) old.remove();
        }

        async function load(more = false) {
          const number = ++state.loads;
          const told = new Map();
          state.told = told;
          const query = new URLSearchParams({ limit: "100" });
          if (state.status) query.set("status", state.status);
          if (state.search) query.set("q", state.search);
          if (more && state.next) query.set("after", state.next);
          const page = await (await ask(`images?${query}`)).json();
          if (number !== state.loads) return;
          if (!more) { state.images.clear(); find("rows").replaceChildren(); }
          state.next = null;
          for (const image of page.items) if (!told.has(image.name)) put(image);
          state.next = page.next || null;
          // Events are newer than the answer.
          for (const [name, image] of told) { if (image) put(image); else drop(name); }
          const isFull = find("rows").childElementCount >= rowsMax;
          find("more").hidden = !state.next || isFull;
          find("full").hidden = !state.next || !isFull;
          notice("");
          showEmpty();
        }

        async function loadCounts() {
          const number = ++state.counts;
          const counts = await (await ask("summary")).json();
          if (number !== state.counts) return;
          const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
          find("counts").replaceChildren(...statuses.map(([key, name]) => {
            const button = make("button", "", make("strong", "", String(key ? counts[key] || 0 : total)), make("span", "", name));
            button.type = "button";
            button.setAttribute("aria-pressed", String(state.status === key));
            button.addEventListener("click", () => { state.status = key; refresh(); });
            return button;
          }));
        }

        /** What does not work by itself; who may not see it is shown nothing. */
        async function loadAlarms() {
          const items = await ask("alarms").then((answer) => answer.json()).then((page) => page.items).catch(() => []);
          find("alarms").textContent = items.map((alarm) => `${alarm.message} (since ${when(alarm.since)}).`).join(" ");
          find("alarms").hidden = items.length === 0;
        }

        async function refresh() {
          loadAlarms();
          try { await Promise.all([load(), loadCounts()]); } catch (error) { failed(error); }
        }

        // The details

        function facts(pairs) {
          const list = make("dl", "");
          for (const [term, value] of pairs) if (value) list.append(make("dt", "", term), make("dd", "", value));
          return list;
        }

        function lines(texts) {
          return make("ul", "", ...texts.map((text) => make("li", "", text)));
        }

        function findingsTable(findings) {
          const head = make("tr", "", ...["Advisory", "Severity", "Package", "Fixed in"].map((text) => make("th", "", text)));
          const order = (finding) => severities.indexOf(finding.severity);
          const sorted = [...findings].sort((a, b) => order(a) - order(b) || a.advisory.localeCompare(b.advisory));
          const rows = sorted.slice(0, 500).map((finding) => make("tr", "",
            make("td", "", finding.advisory, make("div", "digest", (finding.aliases || []).slice(0, 3).join(", "))),
            make("td", "", make("span", `badge ${finding.severity}`, finding.severity)),
            make("td", "", `${finding.package.name} ${finding.package.version}`),
            make("td", "", finding.fixedVersion || "no fix known")));
          return make("table", "", make("thead", "", head), make("tbody", "", ...rows));
        }

        function secretText(secret) {
          const place = secret.place === "file" ? "" : `${secret.place} `;
          const line = secret.line ? `:${secret.line}` : "";
          return `${place}${secret.location}${line}: ${secret.kind}${secret.isRemoved ? ", removed by a later layer, still in the image" : ""}`;
        }

        function reportParts(report) {
          const platform = report.platform
            ? [report.platform.os, report.platform.architecture, report.platform.variant].filter(Boolean).join("/") : "platform";
          const parts = [make("h3", "", `${platform}: ${report.verdict.outcome}`)];
          for (const control of report.verdict.controls) {
            parts.push(make("p", "", make("span", "", `${control.control} (${control.policy}@${control.policyVersion}): ${control.outcome}`)));
            if (control.reasons.length) parts.push(lines(control.reasons));
          }
          if (report.undetermined.length) {
            parts.push(make("p", "", "Could not be determined:"), lines(report.undetermined.map((gap) => `${gap.what}: ${gap.reason}`)));
          }
          if (report.secrets?.length) {
            parts.push(make("p", "", "Secrets in the image:"), lines(report.secrets.slice(0, 500).map(secretText)));
          }
          const ended = (report.certificates || []).filter((one) => Date.parse(one.notAfter) < Date.now());
          if (ended.length) {
            parts.push(make("p", "", "Expired certificates in the image:"),
              lines(ended.slice(0, 100).map((one) => `${one.path}: ${one.subject}, ${one.notAfter.slice(0, 10)}`)));
          }
          if (report.baseImage?.layers.length && report.findings.length) {
            const base = new Set(report.baseImage.layers);
            const packages = new Set(report.packages.filter((one) => base.has(one.layer)).map((one) => one.purl));
            const count = report.findings.filter((one) => packages.has(one.package.purl)).length;
            parts.push(make("p", "", `${count} of ${report.findings.length} findings came with the base image ${report.baseImage.image || report.baseImage.name || ""}`));
          }
          parts.push(report.findings.length ? findingsTable(report.findings)
            : make("p", "", `No findings in ${report.packages.length} packages.`));
          return parts;
        }

        async function showDetails(name) {
          const number = ++state.details;
          const path = `images/${encodeURI(name)}`;
          const image = await (await ask(path)).json();
          const body = find("details-body");
          const parts = [
            make("p", "", make("span", `badge ${image.status}`, label(image.status))),
            facts([["Digest", image.digest], ["Packages", image.packages ? String(image.packages) : ""],
              ["Seen by", (image.sources || []).join(", ")], ["First seen", image.firstSeenAt], ["Judged", image.judgedAt],
              ["Verdict before", image.previous]]),
          ];
          if (image.failure) {
            parts.push(make("p", "error", image.failure.message),
              facts([["Attempts", String(image.failure.attempt)], ["Next attempt", image.failure.nextAttemptAt || "none planned"]]));
          }
          if (image.reasons.length) parts.push(make("h3", "", "Why"), lines(image.reasons));
          try {
            for (const report of [await (await ask(`${path}/report`)).json()].flat()) parts.push(...reportParts(report));
          } catch (error) {
            if (error instanceof Refused) throw error;
            if (!image.reasons.length) parts.push(make("p", "", error.message));
          }
          const steps = await (await ask(`${path}/timeline?limit=20`)).json();
          if (steps.items.length) {
            parts.push(make("h3", "", "Steps"), lines(steps.items.map((step) => `${step.at} ${step.step}: ${step.detail}`)));
          }
          if (state.chosen === name && number === state.details) body.replaceChildren(...parts);
        }

        async function choose(name) {
          state.chosen = name;
          find("details-title").textContent = name;
          find("details-body").replaceChildren(make("p", "", "Loading …"));
          find("details").hidden = false;
          for (const row of find("rows").children) row.classList.toggle("chosen", row.dataset.name === name);
          find("details").focus();
          try { await showDetails(name); } catch (error) { failed(error); }
        }

        function closeDetails() {
          const name = state.chosen;
          state.chosen = null;
          find("details").hidden = true;
          for (const row of find("rows").children) {
            row.classList.remove("chosen");
            if (row.dataset.name === name) row.querySelector("button").focus();
          }
        }

        // What changes, as it changes. EventSource cannot send a token, so the stream is read with fetch.

        function live(isOn, text) {
          find("live").classList.toggle("on", isOn);
          find("live").textContent = text;
        }

        let countsTimer = null;
        function countsSoon() {
          if (countsTimer) return;
          countsTimer = setTimeout(() => { countsTimer = null; loadCounts().catch(failed); }, 1000);
        }

        function take(message) {
          let event = "message", data = "";
          for (const line of message.split("\n")) {
            if (line.startsWith("event: ")) event = line.slice(7);
            else if (line.startsWith("data: ")) data += line.slice(6);
            else if (line.startsWith("id: ")) state.lastEvent = line.slice(4);
          }
          if (!data) return;
          if (event === "reset") { refresh(); return; }
          const value = JSON.parse(data);
          if (event !== "image" && event !== "removed") return;
          state.told.set(value.name, event === "image" ? value : null);
          if (event === "image") put(value); else drop(value.name);
          showEmpty();
          countsSoon();
          if (state.chosen === value.name && event === "image") showDetails(value.name).catch(failed);
        }

        async function follow() {
          const stream = new AbortController();
          state.stream = stream;
          let pause = 1000;
          while (!stream.signal.aborted) {
            try {
              const headers = state.lastEvent ? { "Last-Event-ID": state.lastEvent } : {};
              const answer = await ask("events", { headers, signal: stream.signal });
              live(true, "live");
              pause = 1000;
              const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
              let rest = "";
              for (;;) {
                const { done, value } = await reader.read();
                if (done) break;
                const messages = (rest + value).split("\n\n");
                rest = messages.pop();
                messages.forEach(take);
              }
            } catch (error) {
              if (stream.signal.aborted) return;
              if (error instanceof Refused) { failed(error); return; }
            }
            live(false, "connecting again …");
            await sleep(pause);
            pause = Math.min(pause * 2, 30000);
          }
        }

        // Coming in and going out

        function notice(text) {
          find("notice").textContent = text;
          find("notice").hidden = !text;
        }

        /** Only a refused token signs out; anything else may work the next time. */
        function failed(error) {
          if (error instanceof Refused) signOut(error.message); else notice(error.message);
        }

        function sleep(milliseconds) {
          return new Promise((resolve) => setTimeout(resolve, milliseconds));
        }

        function signOut(message = "") {
          state.signIns += 1;
          state.loads += 1;
          notice("");
          sessionStorage.removeItem(tokenKey);
          if (state.stream) state.stream.abort();
          state.stream = null;
          state.lastEvent = null;
          state.images.clear();
          find("rows").replaceChildren();
          find("details-body").replaceChildren();
          find("details").hidden = true;
          find("board").hidden = true;
          find("sign-out").hidden = true;
          find("gate").hidden = false;
          find("gate-error").textContent = message;
          live(false, "not connected");
          find("token").focus();
        }

        async function signIn() {
          const number = ++state.signIns;
          for (let pause = 1000; ; pause = Math.min(pause * 2, 30000)) {
            try { await ask("me"); break; } catch (error) {
              if (number !== state.signIns) return;
              if (error instanceof Refused) { signOut(error.message); return; }
              find("gate").hidden = false;
              find("gate-error").textContent = `${error.message} Trying again …`;
              await sleep(pause);
              if (number !== state.signIns) return;
            }
          }
          if (number !== state.signIns) return;
          find("gate").hidden = true;
          find("gate-error").textContent = "";
          find("board").hidden = false;
          find("sign-out").hidden = false;
          await refresh();
          if (number === state.signIns && !state.stream) follow();
        }

        find("token-form").addEventListener("submit", (event) => {
          event.preventDefault();
          sessionStorage.setItem(tokenKey, find("token").value.trim());
          find("token").value = "";
          signIn();
        });
        find("sign-out").addEventListener("click", () => signOut());
        find("close").addEventListener("click", closeDetails);
        find("more").addEventListener("click", () => load(true).catch(failed));
        document.addEventListener("keydown", (event) => { if (event.key === "Escape" && state.chosen) closeDetails(); });
        let searchTimer = null;
        find("search-form").addEventListener("submit", (event) => event.preventDefault());
        find("search").addEventListener("input", () => {
          clearTimeout(searchTimer);
          searchTimer = setTimeout(() => { state.search = find("search").value.trim(); load().catch(failed); }, 200);
        });

        setInterval(() => { if (!find("board").hidden) loadAlarms(); }, 60000);
        if (sessionStorage.getItem(tokenKey)) signIn(); else signOut();
        """#
}
