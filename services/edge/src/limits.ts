/**
 * Every bound and time of the edge in one place. Milliseconds unless the name says otherwise.
 * Tests shorten times; production sets what `config.ts` names.
 */
export type EdgeLimits = {
  /** the largest frame; a larger one closes the socket with 1009 */
  readonly maxFrameBytes: number
  /** CALLs of one charger that wait; at this many its socket is not read until half of them are answered */
  readonly inboundQueue: number
  /** commands of one charger that wait; more are answered `notSent` */
  readonly outboundQueue: number
  /** answers kept per connection for repeated messages */
  readonly storedAnswers: number
  readonly storedAnswerMs: number
  /** timed-out calls per connection whose late answer is still recognised */
  readonly lateAnswers: number
  /** frames, pings and pongs per second and charger, on average; above it the socket is read more slowly */
  readonly framesPerSecond: number
  readonly framesBurst: number
  /** what a frame counts from which nothing could be taken: work for nobody's good has a fifth of the rate */
  readonly unusableFrameCost: number
  readonly upgradesPerSecond: number
  readonly upgradesBurst: number
  /** the same after an outage, until nobody had to be turned away for `readmissionMs` */
  readonly readmissionsPerSecond: number
  readonly readmissionsBurst: number
  readonly readmissionMs: number
  /** upgrades of one source address that may fail for who they say they are; a minute's worth at once */
  readonly failuresPerMinute: number
  /** connections of one charger that are recorded: so many at once, and then so many a minute */
  readonly connectsBurst: number
  readonly connectsPerMinute: number
  /** upgrades under way at a time */
  readonly pendingUpgrades: number
  /** those of them that central is asked about at a time: more would only make each answer later */
  readonly askedUpgrades: number
  /** how long an upgrade waits for its turn; then it gets 503 */
  readonly upgradeTurnMs: number
  readonly maxConnections: number
  /** connections of a listener whose TLS handshake, or whose first request, is not complete; of more, the oldest is ended */
  readonly unfinishedHeads: number
  /** how long the head of an HTTP request may take */
  readonly headersMs: number

  /** how long an answer to a charger is held while the log, central or NATS is away; then its socket closes (1013) */
  readonly holdMs: number
  /** how long an upgrade is held for the same reason, once central is asked about it; then it gets 503 */
  readonly connectHoldMs: number
  /** how long sockets with nothing to answer stay open while the log, central or NATS is away; then they close in waves */
  readonly quietOutageMs: number
  /** what a central pod says of the log counts this long */
  readonly logHealthTtlMs: number
  /** silence of central after which the same fact id is asked again; doubles */
  readonly reaskMs: number
  /** first and longest pause after "unavailable", "no responders" or a broken connection */
  readonly retryMs: number
  readonly maxRetryMs: number

  /** a charger never accepted before is called only after its boot is answered, or this long after it connected */
  readonly bootHoldMs: number
  /** a charger accepted before is called this long after it connected */
  readonly knownHoldMs: number
  /** the slot of an unanswered CALL frees after this; its answer is still awaited until the command's own deadline */
  readonly callSlotMs: number

  readonly pingMs: number
  readonly presenceMs: number
  readonly presenceTtlMs: number
  /** how long a peer may take to answer our close frame before the socket is cut */
  readonly closeMs: number

  /** at shutdown: sockets per wave, pause between waves, and how long calls in flight may take to finish */
  readonly drainWave: number
  readonly drainWaveMs: number
  readonly drainMs: number
}

const MIB = 1024 * 1024

export const defaultLimits: EdgeLimits = {
  maxFrameBytes: 4 * MIB,
  inboundQueue: 32,
  outboundQueue: 16,
  storedAnswers: 8,
  storedAnswerMs: 600_000,
  lateAnswers: 16,
  framesPerSecond: 50,
  framesBurst: 500,
  unusableFrameCost: 5,
  upgradesPerSecond: 200,
  upgradesBurst: 400,
  readmissionsPerSecond: 50,
  readmissionsBurst: 50,
  readmissionMs: 30_000,
  pendingUpgrades: 1_000,
  askedUpgrades: 64,
  maxConnections: 20_000,
  unfinishedHeads: 2_000,
  headersMs: 15_000,
  failuresPerMinute: 60,
  connectsBurst: 30,
  connectsPerMinute: 6,

  holdMs: 20_000,
  upgradeTurnMs: 15_000,
  connectHoldMs: 5_000,
  quietOutageMs: 120_000,
  logHealthTtlMs: 5_000,
  reaskMs: 2_000,
  retryMs: 100,
  maxRetryMs: 2_000,

  bootHoldMs: 30_000,
  knownHoldMs: 2_000,
  callSlotMs: 30_000,

  pingMs: 45_000,
  presenceMs: 30_000,
  presenceTtlMs: 120_000,
  closeMs: 2_000,

  drainWave: 500,
  drainWaveMs: 200,
  drainMs: 5_000,
}
