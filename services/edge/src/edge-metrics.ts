import { counter, gauge, histogram } from '@voltrail/runtime/metrics'
import type { Metrics } from '@voltrail/runtime/metrics'

/** What the edge counts. Labels have few values: an action that we do not know is `unknown`, never the charger's text. */
export const createEdgeMetrics = (metrics: Metrics, read: { readonly connections: () => number }) => ({
  connections: gauge(metrics, {
    name: 'voltrail_edge_connections',
    help: 'Open charger connections',
    read: read.connections,
  }),
  upgrades: counter(metrics, {
    name: 'voltrail_edge_upgrades_total',
    help: 'Upgrade requests by HTTP status (101: connected)',
    labels: ['status'],
  }),
  frames: counter(metrics, {
    name: 'voltrail_edge_frames_total',
    help: 'OCPP frames by direction, type and action (of answers: of what they answer, if known)',
    labels: ['direction', 'type', 'action'],
  }),
  unreadable: counter(metrics, {
    name: 'voltrail_edge_unreadable_frames_total',
    help: 'Frames that are no OCPP message, by problem',
    labels: ['problem'],
  }),
  strayAnswers: counter(metrics, {
    name: 'voltrail_edge_stray_answers_total',
    help: 'CALLRESULTs and CALLERRORs to no open call of the connection',
  }),
  answers: counter(metrics, {
    name: 'voltrail_edge_answers_total',
    help: 'What became of CALLs of chargers: answered, repeated, error, refused, given-up, dropped',
    labels: ['outcome'],
  }),
  commands: counter(metrics, {
    name: 'voltrail_edge_commands_total',
    help: 'Commands to chargers by type and outcome',
    labels: ['command', 'outcome'],
  }),
  lateAnswers: counter(metrics, {
    name: 'voltrail_edge_late_answers_total',
    help: 'Answers of chargers that came after the deadline of their command',
  }),
  closes: counter(metrics, {
    name: 'voltrail_edge_closes_total',
    help: 'Connections that ended, by close code',
    labels: ['code'],
  }),
  factSeconds: histogram(metrics, {
    name: 'voltrail_edge_fact_seconds',
    help: 'From a fact to its durable answer, re-asking included',
    labels: ['outcome'],
  }),
  reasks: counter(metrics, {
    name: 'voltrail_edge_fact_reasks_total',
    help: 'Facts asked again with the same fact id',
  }),
  quirks: counter(metrics, {
    name: 'voltrail_edge_quirks_total',
    help: 'Messages of chargers that took a quirk rule, by rule',
    labels: ['rule'],
  }),
  presenceFailures: counter(metrics, {
    name: 'voltrail_edge_presence_failures_total',
    help: 'Presence entries that could not be written',
  }),
})
export type EdgeMetrics = ReturnType<typeof createEdgeMetrics>
