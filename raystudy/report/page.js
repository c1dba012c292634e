// Each still picture gives way to its live chart, once that chart stands.
const options = {
  renderer: "svg",
  mode: "vega-lite",
  actions: { export: true, source: false, compiled: false, editor: false },
};

async function enliven(plot) {
  const specification = JSON.parse(plot.querySelector("script").textContent);
  const live = document.createElement("div");
  live.className = "live";
  plot.append(live);
  try {
    await window.vegaEmbed(live, specification, options);
    plot.querySelector(".still").remove();
  } catch (error) {
    live.remove();
    console.error(error);
  }
}

document.querySelectorAll(".plot").forEach(enliven);
