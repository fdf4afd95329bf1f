// In the place of matrix-widget-api, with which matrix-js-sdk runs inside of another client. This page does not.
export class WidgetApiResponseError extends Error {}
export const WidgetApiToWidgetAction = {};
export const MatrixCapabilities = {};
export const UnstableApiVersion = {};
