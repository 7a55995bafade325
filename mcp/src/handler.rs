//! The protocol's side: announces the tools and calls them.

use std::sync::Arc;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};

use crate::desk::Desk;
use crate::run::Call;
use crate::tools;

/// What models are told about all tools.
const INSTRUCTIONS: &str = "Runs code in sandboxes on the user's own machine: real CPython and \
    JavaScript or TypeScript, with limits, without network and without the user's files. Variables \
    and files live on from call to call. Calls that name no sandbox use this session's own. `fork` \
    and `snapshot` copy a whole sandbox, `undo` takes back the last code.";

/// The header by which HTTP clients name their session.
const SESSION: &str = "mcp-session-id";

/// One client, or all those without a session.
#[derive(Debug, Clone)]
pub(crate) struct Handler {
    /// The desk of the client's session.
    pub(crate) own: Arc<Desk>,
    /// The desk of HTTP calls that belong to no session.
    pub(crate) common: Option<Arc<Desk>>,
}

impl Handler {
    fn desk(&self, context: &RequestContext<RoleServer>) -> &Desk {
        let parts = context.extensions.get::<http::request::Parts>();
        let in_session = parts.is_none_or(|parts| parts.headers.contains_key(SESSION));
        match &self.common {
            Some(common) if !in_session => common,
            _ => &self.own,
        }
    }
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        let name = Implementation::new("sandcell", env!("CARGO_PKG_VERSION"));
        ServerConfig::new(capabilities)
            .with_server_info(name.with_title("Sandcell"))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools::list(
            &self.own.source,
        )))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        let mut all = tools::list(&self.own.source).into_iter();
        all.find(|tool| tool.name == name)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let call = Call::new(&context);
        let arguments = request.arguments.unwrap_or_default();
        let answer = tools::call(self.desk(&context), &request.name, arguments, &call).await;
        let Some(answer) = answer else {
            let name: String = request.name.chars().take(50).collect();
            let message = format!("there is no tool `{name}`");
            return Err(ErrorData::invalid_params(message, None));
        };
        Ok(CallToolResult::from(answer).into())
    }
}
