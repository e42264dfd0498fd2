/** The live page without its style and script. */
export const markup = `
<header>
  <h1>Volt<span>rail</span></h1>
  <span id="link" role="status" aria-live="polite" data-state="idle">Not connected</span>
  <nav aria-label="Pages"><a href="/docs">API</a><button id="forget" type="button" hidden>Forget key</button></nav>
</header>
<main>
  <form id="ask" class="card" hidden>
    <label for="key">Operator key</label>
    <input id="key" name="key" type="password" autocomplete="current-password" spellcheck="false" required>
    <p>It was made at the first start and lies in <code>operator.key</code> in the data directory. It stays in this browser tab.</p>
    <p id="ask-error" class="error" role="alert" hidden></p>
    <div><button class="primary" type="submit">Open</button></div>
  </form>
  <div id="live" hidden>
    <dl id="tiles" aria-label="At a glance">
      <div class="card"><dt>Chargers connected</dt><dd id="tile-chargers">–</dd></div>
      <div class="card"><dt>Sessions running</dt><dd id="tile-running">–</dd></div>
      <div class="card"><dt>Power now</dt><dd id="tile-power">–</dd></div>
      <div class="card"><dt>Energy of running sessions</dt><dd id="tile-energy">–</dd></div>
      <div class="card"><dt>Waiting for review</dt><dd id="tile-reviews">–</dd></div>
    </dl>
    <section aria-labelledby="chargers-title">
      <h2 id="chargers-title">Chargers</h2>
      <ul id="chargers"></ul>
      <p id="no-chargers" class="card empty" hidden>No charger yet. Point one to <code id="ocpp-url"></code>.</p>
    </section>
    <section aria-labelledby="reviews-title">
      <h2 id="reviews-title">Waiting for review <small>newest first</small></h2>
      <div class="card scroll reviews">
        <table>
          <thead><tr><th scope="col">Why</th><th scope="col">Charger</th><th scope="col">Session</th><th scope="col">What</th><th scope="col">Since</th></tr></thead>
          <tbody id="reviews"></tbody>
        </table>
        <p id="no-reviews" class="empty" hidden>Nothing waits.</p>
      </div>
    </section>
    <section aria-labelledby="sessions-title">
      <h2 id="sessions-title">Sessions <small>newest first</small></h2>
      <div class="card scroll">
        <table>
          <thead><tr>
            <th scope="col">Session</th><th scope="col">Charger</th><th scope="col">Id token</th><th scope="col">State</th><th scope="col">Started</th>
            <th scope="col" class="number">Energy</th><th scope="col" class="number">Power</th><th scope="col" class="number">Cost</th>
          </tr></thead>
          <tbody id="sessions"></tbody>
        </table>
        <p id="no-sessions" class="empty" hidden>No session yet.</p>
      </div>
    </section>
    <section id="meter-keys-part" aria-labelledby="meter-keys-title" hidden>
      <h2 id="meter-keys-title">Claimed meter keys <small>until somebody vouches for them</small></h2>
      <div class="card scroll reviews">
        <table>
          <thead><tr><th scope="col">Charger</th><th scope="col">Meter</th><th scope="col">Public key</th><th scope="col">Decision</th></tr></thead>
          <tbody id="meter-keys"></tbody>
        </table>
      </div>
    </section>
    <section id="certificates-part" aria-labelledby="certificates-title" hidden>
      <h2 id="certificates-title">Certificates that end <small>within 30 days</small></h2>
      <div class="card scroll reviews">
        <table>
          <thead><tr><th scope="col">Ends</th><th scope="col">Charger</th><th scope="col">What</th><th scope="col">Subject</th></tr></thead>
          <tbody id="certificates"></tbody>
        </table>
      </div>
    </section>
    <section id="security-events-part" aria-labelledby="security-events-title" hidden>
      <h2 id="security-events-title">Security events <small>critical and warnings, newest first</small></h2>
      <div class="card scroll reviews">
        <table>
          <thead><tr><th scope="col">Event</th><th scope="col">Charger</th><th scope="col">What</th><th scope="col">Since</th></tr></thead>
          <tbody id="security-events"></tbody>
        </table>
      </div>
    </section>
    <section id="campaigns-part" aria-labelledby="campaigns-title" hidden>
      <h2 id="campaigns-title">Firmware campaigns <small>newest first</small></h2>
      <div class="card scroll reviews">
        <table>
          <thead><tr><th scope="col">Campaign</th><th scope="col">Version</th><th scope="col">State</th><th scope="col">Chargers</th><th scope="col">Began</th></tr></thead>
          <tbody id="campaigns"></tbody>
        </table>
      </div>
    </section>
    <section aria-labelledby="events-title">
      <h2 id="events-title">Events <small>as they are recorded</small></h2>
      <div class="card"><ol id="events" tabindex="0" aria-label="Recent events"></ol><p id="no-events" class="empty">Waiting for the next event.</p></div>
    </section>
  </div>
  <dialog id="session" aria-labelledby="session-title">
    <div class="top"><h2 id="session-title"></h2><button id="session-close" type="button">Close</button></div>
    <section id="session-body"></section>
  </dialog>
  <dialog id="reservations" aria-labelledby="reservations-title">
    <div class="top"><h2 id="reservations-title"></h2><button id="reservations-close" type="button">Close</button></div>
    <section id="reservations-body"></section>
  </dialog>
  <dialog id="campaign" aria-labelledby="campaign-title">
    <div class="top"><h2 id="campaign-title"></h2><button id="campaign-close" type="button">Close</button></div>
    <section id="campaign-body"></section>
  </dialog>
  <dialog id="review" aria-labelledby="review-title">
    <div class="top"><h2 id="review-title"></h2><button id="review-close" type="button">Close</button></div>
    <section id="review-body"></section>
  </dialog>
</main>
<noscript><p class="empty">This page needs JavaScript. The API at /docs does not.</p></noscript>
`
