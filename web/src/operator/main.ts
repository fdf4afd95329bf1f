import "../look/tokens.css";
import "../look/controls.css";
import "uplot/dist/uPlot.min.css";
import "./operator.css";
import { mount } from "svelte";
import App from "./App.svelte";

mount(App, { target: document.getElementById("app")! });
