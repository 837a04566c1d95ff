// In a file of its own: the page's policy allows no script inside it.
SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  // Nobody else is asked to judge the document.
  validatorUrl: null,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
});
