// Generated from schemas/*.avsc by `npm run generate`. Do not edit: a test compares.

export type RiskLevel = 'LOW' | 'MEDIUM' | 'HIGH';

export interface Reason {
  readonly feature: string;
  /** log-odds, signed */
  readonly contribution: number;
}

/** The score of one event: a pure function of event and model. */
export interface ChurnScore {
  /** topic/partition/offset of the event */
  readonly scoreId: string;
  readonly eventId: string;
  readonly customerId: string;
  readonly occurredAt: number;
  /** 0..1 */
  readonly churnProbability: number;
  /** at the model's own threshold */
  readonly churnPrediction: boolean;
  readonly riskLevel: RiskLevel;
  /** largest contributions first */
  readonly reasons: readonly Reason[];
  /** log-odds */
  readonly baseMargin: number;
  readonly modelVersion: string;
  readonly modelSha256: string;
}

/** The label, when the bank learns it. No outcome means unlabelled, never stayed. */
export interface CustomerOutcome {
  readonly outcomeId: string;
  readonly customerId: string;
  readonly eventId: null | string;
  readonly churned: boolean;
  readonly observedAt: number;
}

export interface SeriesCounts {
  /** a feature's name, or score */
  readonly name: string;
  readonly counts: readonly number[];
  /** log-odds; of score: the sum of margins above the base margin */
  readonly contributionSum: number;
}

/** Counts of one scorer transaction, by the bins of the model's profile. Counts merge by addition. */
export interface DriftCounts {
  readonly modelSha256: string;
  /** offset of the activation in churn-models; -1 before any */
  readonly activation: number;
  readonly sourceTopic: string;
  readonly sourcePartition: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly maxTimestamp: number;
  readonly events: number;
  readonly series: readonly SeriesCounts[];
  /** events by the first byte of a hash of the customer id, 256 counters; empty: not counted */
  readonly customers: readonly number[];
}

export interface SeriesPsi {
  readonly name: string;
  /** over the alert window */
  readonly psi: number;
}

export interface SeriesVerdict {
  readonly name: string;
  /** of the alert window, as the next ones */
  readonly chiSquare: number;
  readonly degrees: number;
  readonly pValue: number;
  readonly effect: number;
  readonly drifted: boolean;
  /** of the request window, as the next ones */
  readonly requestPsi: number;
  readonly requestChiSquare: number;
  readonly requestDegrees: number;
  readonly requestPValue: number;
  readonly requestEffect: number;
  readonly requestDrifted: boolean;
  /** of its mean contribution, log-odds; of the score: of the mean margin */
  readonly shift: number;
}

export interface BinMove {
  readonly series: string;
  /** a range, a category, missing, unseen or out of range */
  readonly bin: string;
  /** share in the profile */
  readonly expected: number;
  /** share in the window */
  readonly found: number;
}

export interface RequestWindow {
  readonly events: number;
  /** effective number */
  readonly customers: number;
  /** event time */
  readonly spanMs: number;
  readonly isFull: boolean;
  /** as model_prediction_drift */
  readonly scorePsi: number;
  /** it is above the threshold, on enough customers */
  readonly byPsi: boolean;
  readonly drifted: boolean;
  /** drifted verdicts in a row */
  readonly streak: number;
  /** the request about this drift */
  readonly requestId: null | string;
  /** why a drift leads to no request now: window, persistence, asked, cooldown or budget */
  readonly withheld: null | string;
  /** requests of the last seven days of event time */
  readonly weekRequests: number;
  /** events since the last request */
  readonly sinceRequest: null | number;
}

/** One evaluation of the alert and request windows, with their numbers and the monitor's whole state. */
export interface DriftVerdict {
  readonly modelSha256: string;
  readonly activation: number;
  readonly firstCountsOffset: number;
  readonly lastCountsOffset: number;
  readonly events: number;
  readonly drifted: boolean;
  readonly psi: readonly SeriesPsi[];
  /** the monitor's state, JSON */
  readonly state: string;
  /** effective number of customers of the alert window */
  readonly customers: number;
  /** the drift counts: often enough in a row, or by the PSI of the score */
  readonly alert: boolean;
  /** why there was no state to go on from; in the first verdict after that */
  readonly startedAnew: null | string;
  /** in the order of psi; of more than 100, those with the largest effects */
  readonly series: readonly SeriesVerdict[];
  /** of the series that drifted: the bins whose share moved most */
  readonly moves: readonly BinMove[];
  /** what the shifts of the features lack of that of the margin */
  readonly shiftResidual: number;
  /** events without drift that shifts are measured from; 0: the base margin */
  readonly referenceEvents: number;
  readonly requestWindow: null | RequestWindow;
}

export type ModelRecordKind = 'RELEASE' | 'ACTIVATION' | 'REJECTION' | 'DEFERRAL' | 'HOLD' | 'RESUME';

export type ModelOrigin = 'IMAGE' | 'GATE' | 'OPERATOR';

/** One fact in the history of what was in production when. */
export interface ModelRecord {
  readonly kind: ModelRecordKind;
  readonly modelVersion: string;
  readonly modelSha256: string;
  readonly origin: ModelOrigin;
  readonly recordedAt: number;
  readonly reason: null | string;
  readonly requestId: null | string;
  /** JSON, of a release */
  readonly manifest: null | string;
  /** first chunk in churn-model-artifacts */
  readonly artifactOffset: null | number;
  readonly artifactChunks: null | number;
  /** who wrote it */
  readonly actor: null | string;
  /** JSON, of the gate's figures */
  readonly gateReport: null | string;
  /** of a scorer's outcome: the offset of the activation */
  readonly aboutActivation: null | number;
  /** served or refused; on a REJECTION without a requestId, which older readers ignore */
  readonly outcome: null | string;
  /** of an outcome: the activation that serves; -1: the image's model, none of the log */
  readonly servingActivation: null | number;
  /** waits: of a challenger's RELEASE that passed the gate and that an operator must approve; aboutActivation is the champion's */
  readonly approval: null | string;
  /** paused or resumed; on a REJECTION without a requestId, which older readers ignore */
  readonly trainer: null | string;
}

export interface SeriesRequest {
  readonly name: string;
  readonly psi: number;
  readonly chiSquare: number;
  readonly degrees: number;
  readonly pValue: number;
  readonly effect: number;
  readonly drifted: boolean;
  /** of its mean contribution, log-odds; of the score: of the mean margin */
  readonly shift: number;
}

/** Names the model and the activation it complains about, with the numbers of the verdict. */
export interface RetrainRequested {
  readonly requestId: string;
  readonly modelVersion: string;
  readonly modelSha256: string;
  readonly activation: number;
  /** in drift-counts: where the verdict was taken */
  readonly countsOffset: number;
  readonly requestedAt: number;
  readonly reason: string;
  readonly scorePsi: number;
  readonly maxFeaturePsi: number;
  readonly events: number;
  /** since when events drift, by record time, as far as the first drifted pane tells; null: not known */
  readonly driftSince: null | number;
  /** effective number of customers of the request window */
  readonly customers: number;
  /** event time of the request window */
  readonly spanMs: number;
  /** the PSI of the score is above the threshold */
  readonly byPsi: boolean;
  readonly threshold: number;
  readonly significance: number;
  readonly minEffect: number;
  /** each series over the request window; of more than 100, those with the largest effects */
  readonly series: readonly SeriesRequest[];
}

/** The Avro schemas, by record name. */
export const SCHEMAS = {
  ChurnScore: {"type":"record","name":"ChurnScore","namespace":"bankchurn","doc":"The score of one event: a pure function of event and model.","fields":[{"name":"scoreId","type":"string","doc":"topic/partition/offset of the event"},{"name":"eventId","type":"string"},{"name":"customerId","type":"string"},{"name":"occurredAt","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"churnProbability","type":"double","doc":"0..1"},{"name":"churnPrediction","type":"boolean","doc":"at the model's own threshold"},{"name":"riskLevel","type":{"type":"enum","name":"RiskLevel","symbols":["LOW","MEDIUM","HIGH"]}},{"name":"reasons","doc":"largest contributions first","type":{"type":"array","items":{"type":"record","name":"Reason","fields":[{"name":"feature","type":"string"},{"name":"contribution","type":"double","doc":"log-odds, signed"}]}}},{"name":"baseMargin","type":"double","doc":"log-odds"},{"name":"modelVersion","type":"string"},{"name":"modelSha256","type":"string"}]},
  CustomerOutcome: {"type":"record","name":"CustomerOutcome","namespace":"bankchurn","doc":"The label, when the bank learns it. No outcome means unlabelled, never stayed.","fields":[{"name":"outcomeId","type":"string"},{"name":"customerId","type":"string"},{"name":"eventId","type":["null","string"],"default":null},{"name":"churned","type":"boolean"},{"name":"observedAt","type":{"type":"long","logicalType":"timestamp-millis"}}]},
  DriftCounts: {"type":"record","name":"DriftCounts","namespace":"bankchurn","doc":"Counts of one scorer transaction, by the bins of the model's profile. Counts merge by addition.","fields":[{"name":"modelSha256","type":"string"},{"name":"activation","type":"long","doc":"offset of the activation in churn-models; -1 before any"},{"name":"sourceTopic","type":"string"},{"name":"sourcePartition","type":"int"},{"name":"firstOffset","type":"long"},{"name":"lastOffset","type":"long"},{"name":"maxTimestamp","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"events","type":"long"},{"name":"series","type":{"type":"array","items":{"type":"record","name":"SeriesCounts","fields":[{"name":"name","type":"string","doc":"a feature's name, or score"},{"name":"counts","type":{"type":"array","items":"long"}},{"name":"contributionSum","type":"double","doc":"log-odds; of score: the sum of margins above the base margin"}]}}},{"name":"customers","type":{"type":"array","items":"long"},"default":[],"doc":"events by the first byte of a hash of the customer id, 256 counters; empty: not counted"}]},
  DriftVerdict: {"type":"record","name":"DriftVerdict","namespace":"bankchurn","doc":"One evaluation of the alert and request windows, with their numbers and the monitor's whole state.","fields":[{"name":"modelSha256","type":"string"},{"name":"activation","type":"long"},{"name":"firstCountsOffset","type":"long"},{"name":"lastCountsOffset","type":"long"},{"name":"events","type":"long"},{"name":"drifted","type":"boolean"},{"name":"psi","type":{"type":"array","items":{"type":"record","name":"SeriesPsi","fields":[{"name":"name","type":"string"},{"name":"psi","type":"double","doc":"over the alert window"}]}}},{"name":"state","type":"string","doc":"the monitor's state, JSON"},{"name":"customers","type":"double","default":0,"doc":"effective number of customers of the alert window"},{"name":"alert","type":"boolean","default":false,"doc":"the drift counts: often enough in a row, or by the PSI of the score"},{"name":"startedAnew","type":["null","string"],"default":null,"doc":"why there was no state to go on from; in the first verdict after that"},{"name":"series","type":{"type":"array","items":{"type":"record","name":"SeriesVerdict","fields":[{"name":"name","type":"string"},{"name":"chiSquare","type":"double","doc":"of the alert window, as the next ones"},{"name":"degrees","type":"int"},{"name":"pValue","type":"double"},{"name":"effect","type":"double"},{"name":"drifted","type":"boolean"},{"name":"requestPsi","type":"double","doc":"of the request window, as the next ones"},{"name":"requestChiSquare","type":"double"},{"name":"requestDegrees","type":"int"},{"name":"requestPValue","type":"double"},{"name":"requestEffect","type":"double"},{"name":"requestDrifted","type":"boolean"},{"name":"shift","type":"double","doc":"of its mean contribution, log-odds; of the score: of the mean margin"}]}},"default":[],"doc":"in the order of psi; of more than 100, those with the largest effects"},{"name":"moves","type":{"type":"array","items":{"type":"record","name":"BinMove","fields":[{"name":"series","type":"string"},{"name":"bin","type":"string","doc":"a range, a category, missing, unseen or out of range"},{"name":"expected","type":"double","doc":"share in the profile"},{"name":"found","type":"double","doc":"share in the window"}]}},"default":[],"doc":"of the series that drifted: the bins whose share moved most"},{"name":"shiftResidual","type":"double","default":0,"doc":"what the shifts of the features lack of that of the margin"},{"name":"referenceEvents","type":"long","default":0,"doc":"events without drift that shifts are measured from; 0: the base margin"},{"name":"requestWindow","type":["null",{"type":"record","name":"RequestWindow","fields":[{"name":"events","type":"long"},{"name":"customers","type":"double","doc":"effective number"},{"name":"spanMs","type":"long","doc":"event time"},{"name":"isFull","type":"boolean"},{"name":"scorePsi","type":"double","doc":"as model_prediction_drift"},{"name":"byPsi","type":"boolean","doc":"it is above the threshold, on enough customers"},{"name":"drifted","type":"boolean"},{"name":"streak","type":"int","doc":"drifted verdicts in a row"},{"name":"requestId","type":["null","string"],"doc":"the request about this drift"},{"name":"withheld","type":["null","string"],"doc":"why a drift leads to no request now: window, persistence, asked, cooldown or budget"},{"name":"weekRequests","type":"int","doc":"requests of the last seven days of event time"},{"name":"sinceRequest","type":["null","long"],"doc":"events since the last request"}]}],"default":null}]},
  ModelRecord: {"type":"record","name":"ModelRecord","namespace":"bankchurn","doc":"One fact in the history of what was in production when.","fields":[{"name":"kind","type":{"type":"enum","name":"ModelRecordKind","symbols":["RELEASE","ACTIVATION","REJECTION","DEFERRAL","HOLD","RESUME"]}},{"name":"modelVersion","type":"string"},{"name":"modelSha256","type":"string"},{"name":"origin","type":{"type":"enum","name":"ModelOrigin","symbols":["IMAGE","GATE","OPERATOR"]}},{"name":"recordedAt","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"reason","type":["null","string"],"default":null},{"name":"requestId","type":["null","string"],"default":null},{"name":"manifest","type":["null","string"],"default":null,"doc":"JSON, of a release"},{"name":"artifactOffset","type":["null","long"],"default":null,"doc":"first chunk in churn-model-artifacts"},{"name":"artifactChunks","type":["null","int"],"default":null},{"name":"actor","type":["null","string"],"default":null,"doc":"who wrote it"},{"name":"gateReport","type":["null","string"],"default":null,"doc":"JSON, of the gate's figures"},{"name":"aboutActivation","type":["null","long"],"default":null,"doc":"of a scorer's outcome: the offset of the activation"},{"name":"outcome","type":["null","string"],"default":null,"doc":"served or refused; on a REJECTION without a requestId, which older readers ignore"},{"name":"servingActivation","type":["null","long"],"default":null,"doc":"of an outcome: the activation that serves; -1: the image's model, none of the log"},{"name":"approval","type":["null","string"],"default":null,"doc":"waits: of a challenger's RELEASE that passed the gate and that an operator must approve; aboutActivation is the champion's"},{"name":"trainer","type":["null","string"],"default":null,"doc":"paused or resumed; on a REJECTION without a requestId, which older readers ignore"}]},
  RetrainRequested: {"type":"record","name":"RetrainRequested","namespace":"bankchurn","doc":"Names the model and the activation it complains about, with the numbers of the verdict.","fields":[{"name":"requestId","type":"string"},{"name":"modelVersion","type":"string"},{"name":"modelSha256","type":"string"},{"name":"activation","type":"long"},{"name":"countsOffset","type":"long","doc":"in drift-counts: where the verdict was taken"},{"name":"requestedAt","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"reason","type":"string"},{"name":"scorePsi","type":"double"},{"name":"maxFeaturePsi","type":"double"},{"name":"events","type":"long"},{"name":"driftSince","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null,"doc":"since when events drift, by record time, as far as the first drifted pane tells; null: not known"},{"name":"customers","type":"double","default":0,"doc":"effective number of customers of the request window"},{"name":"spanMs","type":"long","default":0,"doc":"event time of the request window"},{"name":"byPsi","type":"boolean","default":false,"doc":"the PSI of the score is above the threshold"},{"name":"threshold","type":"double","default":0},{"name":"significance","type":"double","default":0},{"name":"minEffect","type":"double","default":0},{"name":"series","type":{"type":"array","items":{"type":"record","name":"SeriesRequest","fields":[{"name":"name","type":"string"},{"name":"psi","type":"double"},{"name":"chiSquare","type":"double"},{"name":"degrees","type":"int"},{"name":"pValue","type":"double"},{"name":"effect","type":"double"},{"name":"drifted","type":"boolean"},{"name":"shift","type":"double","doc":"of its mean contribution, log-odds; of the score: of the mean margin"}]}},"default":[],"doc":"each series over the request window; of more than 100, those with the largest effects"}]},
} as const;

export type SchemaName = keyof typeof SCHEMAS;

/** Schemas that control records were written with by earlier versions (schemas/written/). */
export const EARLIER_SCHEMAS: readonly unknown[] = [
  {"type":"record","name":"DriftCounts","namespace":"bankchurn","doc":"Counts of one scorer transaction, by the bins of the model's profile. Counts merge by addition.","fields":[{"name":"modelSha256","type":"string"},{"name":"activation","type":"long","doc":"offset of the activation in churn-models; -1 before any"},{"name":"sourceTopic","type":"string"},{"name":"sourcePartition","type":"int"},{"name":"firstOffset","type":"long"},{"name":"lastOffset","type":"long"},{"name":"maxTimestamp","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"events","type":"long"},{"name":"series","type":{"type":"array","items":{"type":"record","name":"SeriesCounts","fields":[{"name":"name","type":"string","doc":"a feature's name, or score"},{"name":"counts","type":{"type":"array","items":"long"}},{"name":"contributionSum","type":"double"}]}}}]},
  {"type":"record","name":"DriftVerdict","namespace":"bankchurn","doc":"One evaluation of the window, with its numbers and the monitor's whole state.","fields":[{"name":"modelSha256","type":"string"},{"name":"activation","type":"long"},{"name":"firstCountsOffset","type":"long"},{"name":"lastCountsOffset","type":"long"},{"name":"events","type":"long"},{"name":"drifted","type":"boolean"},{"name":"psi","type":{"type":"array","items":{"type":"record","name":"SeriesPsi","fields":[{"name":"name","type":"string"},{"name":"psi","type":"double"}]}}},{"name":"state","type":"string","doc":"the monitor's state, JSON"}]},
  {"type":"record","name":"ModelRecord","namespace":"bankchurn","doc":"One fact in the history of what was in production when.","fields":[{"name":"kind","type":{"type":"enum","name":"ModelRecordKind","symbols":["RELEASE","ACTIVATION","REJECTION","DEFERRAL","HOLD","RESUME"]}},{"name":"modelVersion","type":"string"},{"name":"modelSha256","type":"string"},{"name":"origin","type":{"type":"enum","name":"ModelOrigin","symbols":["IMAGE","GATE","OPERATOR"]}},{"name":"recordedAt","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"reason","type":["null","string"],"default":null},{"name":"requestId","type":["null","string"],"default":null},{"name":"manifest","type":["null","string"],"default":null,"doc":"JSON, of a release"},{"name":"artifactOffset","type":["null","long"],"default":null,"doc":"first chunk in churn-model-artifacts"},{"name":"artifactChunks","type":["null","int"],"default":null}]},
  {"type":"record","name":"ModelRecord","namespace":"bankchurn","doc":"One fact in the history of what was in production when.","fields":[{"name":"kind","type":{"type":"enum","name":"ModelRecordKind","symbols":["RELEASE","ACTIVATION","REJECTION","DEFERRAL","HOLD","RESUME"]}},{"name":"modelVersion","type":"string"},{"name":"modelSha256","type":"string"},{"name":"origin","type":{"type":"enum","name":"ModelOrigin","symbols":["IMAGE","GATE","OPERATOR"]}},{"name":"recordedAt","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"reason","type":["null","string"],"default":null},{"name":"requestId","type":["null","string"],"default":null},{"name":"manifest","type":["null","string"],"default":null,"doc":"JSON, of a release"},{"name":"artifactOffset","type":["null","long"],"default":null,"doc":"first chunk in churn-model-artifacts"},{"name":"artifactChunks","type":["null","int"],"default":null},{"name":"actor","type":["null","string"],"default":null,"doc":"who wrote it"},{"name":"gateReport","type":["null","string"],"default":null,"doc":"JSON, of the gate's figures"},{"name":"aboutActivation","type":["null","long"],"default":null,"doc":"of a scorer's outcome: the offset of the activation"},{"name":"outcome","type":["null","string"],"default":null,"doc":"served or refused; on a REJECTION without a requestId, which older readers ignore"},{"name":"servingActivation","type":["null","long"],"default":null,"doc":"of an outcome: the activation that serves; -1: the image's model, none of the log"}]},
  {"type":"record","name":"RetrainRequested","namespace":"bankchurn","doc":"Names the model and the activation it complains about, with the numbers of the verdict.","fields":[{"name":"requestId","type":"string"},{"name":"modelVersion","type":"string"},{"name":"modelSha256","type":"string"},{"name":"activation","type":"long"},{"name":"countsOffset","type":"long","doc":"in drift-counts: where the verdict was taken"},{"name":"requestedAt","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"reason","type":"string"},{"name":"scorePsi","type":"double"},{"name":"maxFeaturePsi","type":"double"},{"name":"events","type":"long"},{"name":"driftSince","type":["null",{"type":"long","logicalType":"timestamp-millis"}],"default":null,"doc":"since when events drift, by record time, as far as the first drifted pane tells; null: not known"}]},
];

